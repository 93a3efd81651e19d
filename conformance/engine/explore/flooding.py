"""Runs requests of one user beyond a rate limit, and judges how a server counts them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from conformance.engine.context.joining import arrive
from conformance.engine.explore.answers import kinds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.engine.explore.conversation import Ask, Flood
    from conformance.engine.explore.knowledge import Creates
    from conformance.wire.connection import Connection

MARGIN = 0.1
"""Seconds that the wait for the end of a window is longer than the window and a twentieth."""
MOST = 2
"""How many times the limit a server may accept within the length of a window: at the end of one, and in the next."""


async def flood(
    context: ScenarioContext,
    step: Flood,
    frame_of: Callable[[Ask], Mapping[str, Any]],
    creates: Creates | None,
    witness: str,
    skip: Callable[[Connection], None],
) -> str:
    """Send everything as fast as possible, and wait until the window is over; say what is wrong, or nothing.

    `frame_of` gives the frame of a request. `creates` is what the requests of the waves create. `skip` takes what came
    on a connection so far for read.
    """
    run, began = context.run, time.perf_counter()
    before = len(context.open(witness).log)
    sent = refused = unanswered = 0
    for number, ask in enumerate(step.waves):
        if step.anew and number:
            await context.open(ask.by).close(within=run.reply)
            await arrive(context, ask.by, None)
        connection = context.open(ask.by)
        since = len(connection.log)
        for _ in range(step.times):
            await context.send(ask.by, frame_of(ask), paced=False)
        await context.barrier([ask.by])
        kinds = kinds_of(run.spec, ask)
        answers = [
            one.frame.type
            for index, one in enumerate(connection.log)
            if index >= since and index not in connection.barriers and one.frame.type in kinds
        ]
        sent += step.times
        refused += answers.count(run.spec.protocol.error)
        unanswered += step.times - len(answers) if len(kinds) > 1 else 0
        skip(connection)
        if connection.closed is not None:
            return ""  # That is a difference of its own.
    window, limit = float(run.target.look_up(step.window)), int(run.target.look_up(step.limit))
    quick = time.perf_counter() - began < window
    for ask in step.last:
        await context.send(ask.by, frame_of(ask), paced=False)
    await context.barrier(list(dict.fromkeys(ask.by for ask in step.last)))
    for ask in step.beside:
        await context.send(ask.by, frame_of(ask))
    # A sleep: nothing tells that a window is over.
    await asyncio.sleep(window * 1.05 + MARGIN)
    if unanswered > 0:
        return "requests over the limit get no answer"
    if quick and sent - refused > MOST * limit:
        return "more than twice the limit is accepted within a window"
    accepted = sent - refused + len(step.last)  # A busy server may come to the last ones in the next window.
    if creates is not None and _told(context, step, creates, witness, before) > accepted:
        return "others are told of requests that are refused"
    return ""


def _told(context: ScenarioContext, step: Flood, creates: Creates, witness: str, before: int) -> int:
    """Count the events of what the user of the waves has created since a place in the log of the witness."""
    user = context.users[step.waves[0].user]
    events = [one.frame.value or {} for one in context.open(witness).log[before:] if one.frame.type == creates.event]
    actor = context.run.spec.incoming[step.waves[0].type].echo.get(creates.event)
    return sum(actor is None or one.get(actor) == user for one in events)
