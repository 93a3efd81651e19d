"""Says what the driver must provide before a scenario can begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario.steps import Collect, Expect, ExpectEither, Page, Send
from conformance.scenario.walk import walk
from conformance.target.accounts import Room, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.scenario.model import Scenario
    from conformance.scenario.steps import Step
    from conformance.spec import Spec


def requirements_of(scenario: Scenario, spec: Spec) -> Wanted:
    """Give the accounts and conversations of a scenario, and whether it reads their history."""
    outside = spec.protocol.no_member
    rooms = {
        name: Room(
            wanted.visibility,
            {user: role for user, role in wanted.members.items() if role != outside},
            closed=not wanted.bystanders,
        )
        for name, wanted in scenario.given.conversations.items()
    }
    data = {reply for kind in spec.incoming if (reply := _data(kind, spec)) is not None}
    return Wanted(
        users=tuple(scenario.given.users),
        rooms=rooms,
        empty=not data.isdisjoint(_replies((*scenario.setup, *scenario.steps), spec)),
        alone=scenario.exclusive,
    )


def _replies(steps: Sequence[Step], spec: Spec) -> Iterator[str | None]:
    """Give the types of data that these steps request, or expect after a raw request."""
    for step in walk(steps):
        match step:
            case Send(frame=request) | Page(frame=request):
                yield _data(request, spec)
            case Expect(frame=reply) | Collect(frame=reply):
                yield reply
            case ExpectEither(alternatives=alternatives):
                yield from (one.frame for one in alternatives)


def _data(request: str, spec: Spec) -> str | None:
    """Give the type of the data that answers a request; None: a confirmation, the barrier's reply, or no answer."""
    protocol = spec.protocol
    reply = spec.incoming[request].reply
    join = spec.incoming[protocol.join_request[protocol.discriminator]].reply
    confirmation = None if join is None else join[protocol.discriminator]
    kind: str | None = None if reply is None else reply[protocol.discriminator]
    return None if kind in (confirmation, protocol.barrier_reply) else kind
