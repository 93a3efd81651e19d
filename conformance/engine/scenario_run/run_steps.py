"""Runs steps: each family of steps has a table of functions, and the steps that contain other steps are here.

A function returns if its step succeeds, and raises Unmet if not.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import (
    Broken,
    ControlFailed,
    LimitDoesNotFit,
    ScenarioError,
    Spoiled,
    TooSlow,
    Unmet,
)
from conformance.engine.scenario_run.refused import come_back
from conformance.engine.scenario_run.reliance import lacks_of_witness
from conformance.engine.scenario_run.steps import (
    arranging,
    collecting,
    connecting,
    expecting,
    forbidding,
    reading,
    sending,
)
from conformance.files.show import show
from conformance.scenario import steps as s
from conformance.scenario.match_result import PatternError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext


async def run_steps(steps: Sequence[s.Step], context: ScenarioContext) -> None:
    """Run steps in order; a ScenarioError that leaves this function names the step that raised it."""
    for step in steps:
        try:
            await come_back(step, context)
            await _RUNNERS[type(step)](step, context)
        except ScenarioError as error:
            if error.step is None:
                error.step = step
            raise
        except PatternError as error:
            # A pattern may be made of what the server sent, such as an instant without a zone.
            kind = Spoiled if context.was_sent_wrong_frames() else Broken
            raise kind(str(error), step=step) from None


async def _repeat(step: s.Repeat, context: ScenarioContext) -> None:
    times = context.names.value(step.times)
    if isinstance(times, dict) and times.keys() == {"times", "plus"}:
        times = times["times"] + times["plus"]
    if not isinstance(times, int) or isinstance(times, bool) or not 0 <= times <= 10_000:
        raise Broken(f"`repeat` takes a whole number up to 10,000, not {show(times)}")
    if step.values and len(step.values) < times:
        limit = _limit_of(step.times, context)
        if limit is not None:
            message = f"it has {len(step.values)} values to send, and the target declares {limit} = {times}"
            raise LimitDoesNotFit(message, limit)
        raise Broken(f"`repeat` has {len(step.values)} values to take, and {times} are wanted: add to its `from`")
    for count in range(1, times + 1):
        if step.name:
            context.names.bind({step.name: context.names.value(step.values[count - 1]) if step.values else count})
        await run_steps(step.steps, context)


def _limit_of(times: Any, context: ScenarioContext) -> str | None:
    """Name the limit of the target that says how often to repeat; None: the scenario itself says it."""
    limits = context.scenario.limits if context.scenario is not None else frozenset()
    return next((limit for limit in limits if f"${{{limit}}}" in str(times)), None)


async def _faster_than(step: s.FasterThan, context: ScenarioContext) -> None:
    limit = context.run.timer(step.timer) * step.times
    began = monotonic()
    unmet: Unmet | None = None
    try:
        await run_steps(step.steps, context)
    except Unmet as error:
        unmet = error
    seconds = monotonic() - began
    if seconds >= limit:
        raise TooSlow(f"this took {seconds:.1f} s, and tells something only if it takes less than {limit:g} s")
    if unmet is not None:
        raise unmet


async def _pause(step: s.Pause, context: ScenarioContext) -> None:
    for _ in range(step.parts):
        await arranging.part_of_pause(step, context)
        await run_steps(step.steps, context)


async def _resume_reading(step: s.ResumeReading, context: ScenarioContext) -> None:
    """Read all that has come, and what still comes before the barrier's reply; a server may have ended it instead."""
    connection = context.open(step.who)
    context.transcript.note(step.who, "·", "reads again")
    connection.resume_reading()
    answered = await context.barrier([step.who])
    if connection.closed is not None:
        if connection.closed.fault:
            raise Unmet(f"{step.who} reads again, and was {connection.closed}")
        return
    if not answered:
        raise Unmet(f"{step.who} reads again, and neither gets a reply to the barrier's request nor is closed")
    await run_steps(step.steps, context)


async def _witness(step: s.Witness, context: ScenarioContext) -> None:
    assert context.scenario is not None, "only a scenario has witnesses"
    lacks = lacks_of_witness(context.scenario, step, context.run.calibration, context.run.spec)
    if lacks:
        context.transcript.note("", "·", f"not looked at: the server does not have {', '.join(lacks)}")
        context.judged_without.update(lacks)
        return
    await run_steps(step.steps, context)


async def _control(step: s.Control, context: ScenarioContext) -> None:
    try:
        await run_steps(step.steps, context)
    except Unmet as error:
        raise ControlFailed(error.message, error.offender, error.step) from None


async def _together(step: s.Together, context: ScenarioContext) -> None:
    results = await asyncio.gather(*(run_steps(branch, context) for branch in step.branches), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


_RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    **arranging.RUNNERS,
    **collecting.RUNNERS,
    **connecting.RUNNERS,
    **expecting.RUNNERS,
    **forbidding.RUNNERS,
    **reading.RUNNERS,
    **sending.RUNNERS,
    s.Repeat: _repeat,
    s.FasterThan: _faster_than,
    s.Pause: _pause,
    s.ResumeReading: _resume_reading,
    s.Together: _together,
    s.Witness: _witness,
    s.Control: _control,
}
