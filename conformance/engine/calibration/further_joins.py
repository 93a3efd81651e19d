"""Finds out whether a connection can hear two conversations, or each join ends the one before."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from conformance.engine.calibration.cast import OTHER, ROOM
from conformance.engine.calibration.skew import overhear
from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.joining import arrive, join

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext


async def hears_one_room(context: ScenarioContext, witness: str, reply: float, *, answers: bool) -> bool:
    """Let the witness join another conversation, and say whether it hears the first no more.

    Where the driver gave no other conversation, or the join is refused, nothing is said.
    """
    with contextlib.suppress(Unmet, Spoiled):
        for who in ("speaker", witness) if OTHER in context.conversations else ():
            if context.connections[who].closed is not None:
                await arrive(context, who)
                await join(context, who, ROOM)
        if OTHER in context.conversations:
            await join(context, witness, OTHER)
            return not (await overhear(context, (witness,), reply, answers)).any
    return False
