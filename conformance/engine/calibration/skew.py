"""Sends broadcasts: how much later than the barrier behind it one arrives, whether any does, and who overhears it."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.cast import ROOM, STRANGER
from conformance.engine.context.joining import arrive

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext

MOST_LOST = 2
"""Broadcasts that may be missing before a target counts as one that broadcasts nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The fate of the broadcasts: `skew` in seconds, None if two were lost; `any`: at least one arrived.

    `overheard`: the stranger, who is in no conversation, got a frame with the text of one. `text` is that of the
    latest.
    """

    skew: float | None = None
    any: bool = False
    overheard: bool = False
    text: str = ""


async def measure_skew(
    context: ScenarioContext, witnesses: tuple[str, ...], reply: float, answers: bool, broadcasts: int
) -> Heard:
    """Send broadcasts, and measure how many seconds the latest came after its barrier.

    A server whose joins take effect late may lose one: its scenarios report that.
    """
    latest, lost, arrived, text = 0.0, 0, 0, ""
    texts: set[str] = set()
    for _ in range(broadcasts):
        text = _new_text(context)
        texts.add(text)
        request = fill(context.run.spec.protocol.broadcast_request, context.conversations[ROOM], text)
        kind, pattern = _event(context, text)
        await context.send("speaker", request)
        if answers:
            await context.connections["speaker"].barrier(reply)
        lags = await asyncio.gather(*(_lag(context, name, kind, pattern, reply, answers) for name in witnesses))
        arrived += any(lag is not None for lag in lags)
        if any(lag is None for lag in lags):
            lost += 1
            if lost == MOST_LOST:
                break
            continue
        latest = max(latest, *(lag for lag in lags if lag is not None))
    overheard = await _overheard(context, texts, reply, answers)
    return Heard(latest if lost < MOST_LOST else None, arrived > 0, overheard, text)


async def overhear(context: ScenarioContext, witnesses: tuple[str, ...], reply: float, answers: bool) -> Heard:
    """Send one broadcast where nobody could join: its members may hear it all the same; may raise Unmet."""
    for who in ("speaker", *witnesses):
        if context.connections[who].closed is not None:  # It closes connections at a request that it does not know.
            await arrive(context, who)
    text = _new_text(context)
    await context.send("speaker", fill(context.run.spec.protocol.broadcast_request, context.conversations[ROOM], text))
    if answers:
        await context.connections["speaker"].barrier(reply)
    kind, pattern = _event(context, text)
    lags = await asyncio.gather(*(_lag(context, name, kind, pattern, reply, answers) for name in witnesses))
    heard = all(lag is not None for lag in lags)
    return Heard(any=heard, overheard=await _overheard(context, {text}, reply, answers), text=text if heard else "")


def _new_text(context: ScenarioContext) -> str:
    """Give a new text that fits where the target takes the shortest texts: the trials send it again, as a query too."""
    bounds = (one.by for one in context.run.spec.protocol.bounds if one.size == "length")
    shortest = min((most for by in bounds if (most := context.run.target.look_up(by)) is not None), default=None)
    text = f"calibration {uuid.uuid4().hex[:12]}"
    return text if shortest is None else text[-int(shortest) :]


def _event(context: ScenarioContext, text: str) -> tuple[str, dict[str, Any]]:
    protocol = context.run.spec.protocol
    return protocol.broadcast.frame, fill(protocol.broadcast.pattern, context.conversations[ROOM], text)


async def _overheard(context: ScenarioContext, texts: set[str], reply: float, answers: bool) -> bool:
    """Say whether the stranger, who has joined nothing, has got a frame with one of these texts."""
    stranger = context.connections.get(STRANGER)
    if stranger is None:
        return False

    def has_heard() -> bool:
        return any(text in received.frame.text for received in stranger.log for text in texts)

    if answers:
        await stranger.barrier(reply)
        return has_heard()
    return await stranger.until(has_heard, reply)


async def _lag(
    context: ScenarioContext, name: str, kind: str, pattern: Any, reply: float, answers: bool
) -> float | None:
    connection = context.connections[name]
    if answers:
        await connection.barrier(reply)
    now = time.perf_counter()
    found = context.first(connection, kind, pattern)
    if found is None and not await connection.until(
        lambda: context.first(connection, kind, pattern) is not None, reply
    ):
        return None
    found = context.first(connection, kind, pattern)
    assert found is not None
    return max(0.0, found[1].at - now)


def fill(template: Any, conversation: str, text: str) -> dict[str, Any]:
    """Put a conversation and a text into the template of a request or a pattern."""
    names = {"${conversation}": conversation, "${text}": text}
    return {key: names.get(value, value) for key, value in template.items()}
