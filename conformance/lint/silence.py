"""A `never` can fail: something in the scenario shows that the frame would have arrived if the server had sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.lint.messages import expects
from conformance.scenario import steps as s
from conformance.scenario.walk import actors, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def silence_has_a_witness(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find a `never` that would pass even if its connections received nothing.

    Its witness is another connection that gets such a frame. Its control is any frame that one of its own connections
    gets, such as the error of a refusal.
    """
    steps = list(walk((*scenario.setup, *scenario.steps)))
    for step in steps:
        if isinstance(step, s.Never) and not any(_vouches(other, step) for other in steps):
            who, frame = ", ".join(step.at), "anything" if step.frame == "*" else step.frame
            remedy = f"expect {frame} at another connection, or anything at {who}"
            yield step.line, f"nothing shows that {who} could have got {frame}, so this `never` proves little: {remedy}"


def _vouches(other: s.Step, never: s.Never) -> bool:
    seen = expects(other)
    return bool(seen) and (never.frame == "*" or never.frame in seen or not {*actors(other)}.isdisjoint(never.at))
