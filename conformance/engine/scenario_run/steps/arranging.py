"""The steps that change the server or wait for it: a barrier, a role, a timer, a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from conformance.engine.context.closes import cut_short, idle_cut
from conformance.engine.context.failure import Broken, Unmet
from conformance.engine.scenario_run.steps.expecting import TIMER_MARGIN
from conformance.errors import ChangeRefused, ChatParityError
from conformance.scenario import steps as s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.failure import ScenarioError
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection


async def sync(step: s.Sync, context: ScenarioContext) -> None:
    """Ask the barrier at these connections; raises Unmet if one gives no reply or is closed."""
    for name in step.who:
        connection = context.reading(name)
        if connection.closed is not None:
            raise _ended(context, connection)
        if connection.unfinished:
            raise Broken(f"{name} has begun a message in fragments, and must finish it before it can ask for anything")
    if not await context.barrier(step.who):
        silent = [name for name in step.who if context.open(name).closed is not None]
        if silent:
            raise _ended(context, context.open(silent[0]))
        raise Unmet(f"no reply to the barrier's request at {' or '.join(step.who)} within {context.run.reply:g} s")
    if context.run.settle:
        # A sleep: a frame that must not come brings no event, so only the measured time tells.
        await asyncio.sleep(context.run.settle)
        await context.barrier(step.who)


def _ended(context: ScenarioContext, connection: Connection) -> ScenarioError:
    said = f"{connection.name} should still be connected, and was {connection.closed}"
    return cut_short(context, connection, said + idle_cut(context, connection))


async def provision(step: s.Provision, context: ScenarioContext) -> None:
    """Change the role of a user in a conversation; raises Unmet if a user may not, or may against the rule."""
    context.transcript.note("", "·", step.label)
    context.changed_outside = context.changed_roles = True
    try:
        if step.role is None or step.role == context.run.spec.protocol.no_member:
            await context.lease.remove(step.conversation, step.user, step.by)
        else:
            await context.lease.give_role(step.conversation, step.user, step.role, step.by)
    except ChangeRefused as error:
        if step.by is None:
            raise
        context.transcript.note("", "·", f"refused: {error}")
        if not step.refused:
            raise Unmet(f"{step.by} may do this, and is refused: {error}") from None
    else:
        if step.refused:
            raise Unmet(f"{step.by} may not do this, and the server has done it")


async def part_of_pause(step: s.Pause, context: ScenarioContext) -> None:
    """Wait for one part of a pause; after all of them a timer of the server has ended."""
    seconds = (context.run.timer(step.timer) * TIMER_MARGIN + context.run.patience) / step.parts
    context.transcript.note("", "·", f"pause of {seconds:.1f} s ({step.timer})")
    context.longest_rest = max(context.longest_rest, seconds)
    # A sleep: the step waits for a timer of the server, which announces nothing.
    if not context.alone:
        await asyncio.sleep(seconds)
        return
    async with context.run.exclusive_slot.leave():
        await asyncio.sleep(seconds)


async def restart(_: s.Restart, context: ScenarioContext) -> None:
    """Kill the server and start it again; raises Unmet if it does not come back."""
    if context.run.restart is None:
        raise Broken("the run cannot restart this target; the scenario should say `needs: {restart: true}`")
    context.transcript.note("", "·", "the server is killed and started again")
    context.changed_outside = True
    try:
        await context.run.restart()
    except ChatParityError as error:
        raise Unmet(f"the server did not come back: {error}") from None


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Sync: sync,
    s.Provision: provision,
    s.Restart: restart,
}
"""The function that runs each step of this family."""
