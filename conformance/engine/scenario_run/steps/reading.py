"""The step that stops reading from a connection; the step that resumes contains steps, and is in `run_steps`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Unmet
from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.scenario.model import Scenario


def slow_readers(scenario: Scenario) -> frozenset[str]:
    """Give the connections of a scenario that stop reading at some time."""
    steps = walk((*scenario.setup, *scenario.steps))
    return frozenset(name for step in steps if isinstance(step, s.StopReading) for name in step.who)


async def stop_reading(step: s.StopReading, context: ScenarioContext) -> None:
    """Read nothing more from these connections; raises Unmet if one has ended."""
    for name in step.who:
        connection = context.open(name)
        if connection.closed is not None:
            raise Unmet(f"{name} should still be connected, and was {connection.closed}")
        context.transcript.note(name, "·", "stops reading")
        connection.stop_reading()


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.StopReading: stop_reading,
}
"""The function that runs each step of this family."""
