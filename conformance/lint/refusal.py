"""A refusal has three parts: an error for the requester, silence for the others, and an unchanged state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.lint.messages import expects
from conformance.scenario import steps as s
from conformance.scenario.walk import actors, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def refusals_have_three_parts(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find scenarios with the tag `refusal` that leave out one of these parts."""
    if "refusal" not in scenario.tags:
        return
    steps = list(walk(scenario.steps))
    first = next((index for index in range(len(steps)) if _is_refused(steps, index, spec)), None)
    if first is None:
        yield scenario.line, f"a refusal expects {spec.protocol.error} at the connection whose request is refused"
        return
    requester = actors(steps[first])
    if not any(isinstance(step, s.Never) for step in steps) and _connections(scenario) <= {*requester}:
        yield scenario.line, f"a refusal is silent for others: nobody but {requester[0]} is connected and watched"
    refused = _request_before(steps, first, requester)
    if not _looks(steps[first + 1 :], getattr(refused, "frame", None), spec):
        yield (
            scenario.line,
            "a refusal leaves the state alone: after it, ask for the state and expect the answer, or make the same"
            " request rightly and expect its event",
        )


def _is_refused(steps: Sequence[s.Step], index: int, spec: Spec) -> bool:
    """Tell whether a step expects the error at a connection that has asked for something before."""
    step = steps[index]
    return spec.protocol.error in expects(step) and _request_before(steps, index, actors(step)) is not None


def _request_before(steps: Sequence[s.Step], index: int, who: Sequence[str]) -> s.Step | None:
    asked = (step for step in reversed(steps[:index]) if isinstance(step, s.Send | s.SendRaw | s.Page))
    return next((step for step in asked if step.by in who), None)


def _connections(scenario: Scenario) -> set[str]:
    given = scenario.given
    opened = {step.who for step in walk((*scenario.setup, *scenario.steps)) if isinstance(step, s.Connect)}
    return {name for name, user in given.users.items() if user.connect} | {*given.devices} | opened


def _looks(later: Sequence[s.Step], refused: str | None, spec: Spec) -> bool:
    """Tell whether the steps after a refusal would notice that it has changed something.

    That is a request for data, with the data expected or (where it shows that nobody was let in) another refusal; or,
    for state that nobody can ask for, the refused request again, and the event that it causes only the first time.
    """
    for index, step in enumerate(later):
        expected = {kind for one in later[index + 1 :] for kind in expects(one)}
        if isinstance(step, s.Page):
            return True
        if isinstance(step, s.Send):
            data, plain = _replies(step.frame, spec)
            if (data and expected & {data, spec.protocol.error}) or (
                step.frame == refused and expected - {plain, spec.protocol.error}
            ):
                return True
    return False


def _replies(request: str, spec: Spec) -> tuple[str | None, str | None]:
    """Give the type that answers a request with data (None: that holds nothing new), and the type of its reply."""
    reply = spec.incoming[request].reply if request in spec.incoming else None
    if reply is None:
        return None, None
    kind = str(reply[spec.protocol.discriminator])
    return (None if "with" in reply or kind == spec.protocol.barrier_reply else kind), kind
