"""Performs the steps: one function per kind, in one table. Each returns when its step holds, else it raises Unmet."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Broken, PlayError, TooSlow, Unmet
from conformance.engine.scenario_run.steps.collecting import check, collect, page
from conformance.engine.scenario_run.steps.connecting import connect, disconnect
from conformance.engine.scenario_run.steps.expecting import TIMER_MARGIN, expect, expect_close, expect_either, observe
from conformance.engine.scenario_run.steps.forbidding import never, never_fetched
from conformance.engine.scenario_run.steps.sending import send, send_raw, ws_ping
from conformance.errors import ChatParityError
from conformance.files.show import show
from conformance.scenario import steps as s
from conformance.scenario.match_result import PatternError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext


async def run_steps(steps: Sequence[s.Step], context: ScenarioContext) -> None:
    """Perform steps in order; a PlayError leaves here with the step that it happened at."""
    for step in steps:
        try:
            await _PERFORMERS[type(step)](step, context)
        except PlayError as error:
            if error.step is None:
                error.step = step
            raise
        except PatternError as error:
            raise Broken(str(error), step=step) from None


async def _sync(step: s.Sync, context: ScenarioContext) -> None:
    for name in step.who:
        connection = context.open(name)
        if connection.closed is not None:
            raise Unmet(f"{name} should still be connected, and was {connection.closed}")
        if connection.unfinished:
            raise Broken(f"{name} has begun a message in fragments, and must finish it before it can ask for anything")
    if not await context.barrier(step.who):
        silent = [name for name in step.who if context.open(name).closed is not None]
        if silent:
            raise Unmet(f"{silent[0]} should still be connected, and was {context.open(silent[0]).closed}")
        raise Unmet(f"no reply to the barrier's request at {' or '.join(step.who)} within {context.run.reply:g} s")
    if context.run.settle:
        await asyncio.sleep(context.run.settle)
        await context.barrier(step.who)


async def _repeat(step: s.Repeat, context: ScenarioContext) -> None:
    times = context.names.value(step.times)
    if isinstance(times, dict) and times.keys() == {"times", "plus"}:
        times = times["times"] + times["plus"]
    if not isinstance(times, int) or isinstance(times, bool) or not 0 <= times <= 10_000:
        raise Broken(f"`repeat` takes a whole number up to 10,000, not {show(times)}")
    if step.values and len(step.values) < times:
        raise Broken(f"`repeat` has {len(step.values)} values to take, and {times} are wanted: add to its `from`")
    for count in range(1, times + 1):
        if step.name:
            context.names.bind({step.name: context.names.value(step.values[count - 1]) if step.values else count})
        await run_steps(step.steps, context)


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


async def _together(step: s.Together, context: ScenarioContext) -> None:
    results = await asyncio.gather(*(run_steps(branch, context) for branch in step.branches), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _provision(step: s.Provision, context: ScenarioContext) -> None:
    context.transcript.note("", "·", step.label)
    if step.role is None or step.role == context.run.spec.protocol.no_member:
        await context.lease.remove(step.conversation, step.user)
    else:
        await context.lease.give_role(step.conversation, step.user, step.role)


async def _pause(step: s.Pause, context: ScenarioContext) -> None:
    seconds = context.run.timer(step.timer) * TIMER_MARGIN + context.run.patience
    context.transcript.note("", "·", f"pause of {seconds:.1f} s ({step.timer})")
    if not context.alone:
        await asyncio.sleep(seconds)
        return
    async with context.run.exclusive_slot.leave():
        await asyncio.sleep(seconds)


async def _restart(_: s.Restart, context: ScenarioContext) -> None:
    if context.run.restart is None:
        raise Broken("the run cannot restart this target; the scenario should say `needs: {restart: true}`")
    context.transcript.note("", "·", "the server is killed and started again")
    try:
        await context.run.restart()
    except ChatParityError as error:
        raise Unmet(f"the server did not come back: {error}") from None


_PERFORMERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Send: send,
    s.SendRaw: send_raw,
    s.Expect: expect,
    s.Never: never,
    s.ExpectEither: expect_either,
    s.ExpectClose: expect_close,
    s.Connect: connect,
    s.Disconnect: disconnect,
    s.WsPing: ws_ping,
    s.Sync: _sync,
    s.Repeat: _repeat,
    s.FasterThan: _faster_than,
    s.Together: _together,
    s.Page: page,
    s.Collect: collect,
    s.Check: check,
    s.Provision: _provision,
    s.Pause: _pause,
    s.Restart: _restart,
    s.NeverFetched: never_fetched,
    s.Observe: observe,
}
