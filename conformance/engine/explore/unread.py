"""Runs the steps in which somebody does not read, or nobody does anything."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Backlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.engine.explore.conversation import Ask, Conversation, Depart, Pause
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.wire.connection import Connection

MARGIN = 0.1
"""Seconds that a pause is longer than its timer and a twentieth."""
PROMPT = 0.1
"""Seconds for what others get of a request; then they are asked by a barrier."""


async def leave(context: ScenarioContext, step: Depart) -> None:
    """Close a connection."""
    connection = context.open(step.who)
    await (connection.drop() if step.drop else connection.close(within=context.run.reply))


async def pause(context: ScenarioContext, step: Pause) -> None:
    """Wait until a timer of the server has run out."""
    # A sleep: nothing tells that a timer has run out without any event.
    await asyncio.sleep(context.run.timer(step.timer) * 1.05 + MARGIN)


async def hear(
    context: ScenarioContext,
    knowledge: Knowledge,
    witness: str,
    asks: tuple[Ask, ...],
    since: Callable[[Connection], int],
) -> None:
    """Wait until the witness has heard of requests whose replies nobody reads, then a little for all others.

    `since` gives the place in the log of a connection at which the requests began.
    """
    creates = [knowledge.requests[ask.type].creates for ask in asks]
    kinds = {one.event for one in creates if one is not None}

    def heard(connection: Connection) -> bool:
        return sum(one.frame.type in kinds for one in connection.log[since(connection) :]) >= len(asks)

    async def wait(connection: Connection, seconds: float) -> None:
        await connection.until(lambda: heard(connection), seconds)

    await wait(context.connections[witness], context.run.reply)
    await asyncio.gather(*(wait(one, PROMPT) for one in context.connections.values() if one.closed is None))


async def pile_up(
    context: ScenarioContext, step: Backlog, send: Callable[[tuple[Ask, ...]], Awaitable[None]]
) -> tuple[str, ...]:
    """Send requests while one connection does not read; give the senders whom the server does not answer meanwhile."""
    reader = context.open(step.who)
    reader.stop_reading()
    senders = []
    try:
        for by, asks in groupby(step.asks, lambda ask: ask.by):
            await send(tuple(asks))
            await context.barrier([by])
            senders.append(context.open(by))
        return tuple(one.name for one in senders if one.closed is None and one.busy)
    finally:
        reader.resume_reading()


def late_readers(conversation: Conversation) -> frozenset[str]:
    """Give the connections that once do not read: their buffers have to be small."""
    return frozenset(step.who for step in conversation.steps if isinstance(step, Backlog))
