"""Measures how much later than the barrier behind it a broadcast arrives."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.cast import ROOM

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext

MOST_LOST = 2
"""Broadcasts that do not come until a target counts as one that tells nobody."""


async def measure_skew(
    context: ScenarioContext, witnesses: tuple[str, ...], reply: float, answers: bool, broadcasts: int
) -> float | None:
    """Send broadcasts and measure by how much the latest came after the barrier behind it; None: two did not come.

    One alone may be lost by a server whose joins take effect late: its scenarios are to say so.
    """
    latest, lost = 0.0, 0
    for _ in range(broadcasts):
        text = f"calibration {uuid.uuid4()}"
        request = _fill(context.run.spec.protocol.broadcast_request, context.conversations[ROOM], text)
        pattern = _fill(context.run.spec.protocol.broadcast.pattern, context.conversations[ROOM], text)
        kind = context.run.spec.protocol.broadcast.frame
        await context.send("speaker", request)
        if answers:
            await context.connections["speaker"].barrier(reply)
        lags = await asyncio.gather(*(_lag(context, name, kind, pattern, reply, answers) for name in witnesses))
        if any(lag is None for lag in lags):
            lost += 1
            if lost == MOST_LOST:
                return None
            continue
        latest = max(latest, *(lag for lag in lags if lag is not None))
    return latest


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


def _fill(template: Any, conversation: str, text: str) -> dict[str, Any]:
    names = {"${conversation}": conversation, "${text}": text}
    return {key: names.get(value, value) for key, value in template.items()}
