"""Says what a scenario wants to be provided with before it can begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.provision import Room, Wanted
from conformance.scenario.steps import Page, Repeat, Send, Together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.scenario.steps import Scenario, Step
    from conformance.spec import Spec


def wanted_by(scenario: Scenario, spec: Spec) -> Wanted:
    """Give the accounts and conversations of a scenario, and whether it looks at what was written there before."""
    outside = spec.protocol.no_member
    rooms = {
        name: Room(wanted.visibility, {user: role for user, role in wanted.members.items() if role != outside})
        for name, wanted in scenario.given.conversations.items()
    }
    asked = requests((*scenario.setup, *scenario.steps))
    return Wanted(
        users=tuple(scenario.given.users),
        rooms=rooms,
        empty=any(_looks_back(request, spec) for request in asked),
        alone=scenario.exclusive,
    )


def requests(steps: Iterable[Step]) -> Iterator[str]:
    """Give the types of all requests that these steps send."""
    for step in steps:
        match step:
            case Send(frame=frame) | Page(frame=frame):
                yield frame
            case Repeat(steps=inner):
                yield from requests(inner)
            case Together(branches=branches):
                for branch in branches:
                    yield from requests(branch)


def _looks_back(request: str, spec: Spec) -> bool:
    """Say whether a request is answered with data: its reply is neither a confirmation nor the barrier's."""
    protocol = spec.protocol
    reply = spec.incoming[request].reply
    join = spec.incoming[protocol.join_request[protocol.discriminator]].reply
    kinds = [one[protocol.discriminator] for one in (reply, join) if one is not None]
    return reply is not None and kinds[0] not in (*kinds[1:], protocol.barrier_reply)
