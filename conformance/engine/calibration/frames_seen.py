"""Finds what is wrong with all events of a type, and which events the other devices of their author do not get."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from conformance.engine.calibration.cast import ROOM
from conformance.engine.calibration.skew import fill
from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.joining import join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received

DEVICE, OWN = "speaker@second", "devices"
SHARE = 0.25
"""The share of the reply time that an event gets which another connection has got already."""


async def let_second_join(context: ScenarioContext, reply: float, *, answers: bool) -> None:
    """Let the second device of the speaker join the room, and send one broadcast that it should get."""
    with contextlib.suppress(Unmet, Spoiled):
        await join(context, DEVICE, ROOM)
        if answers:
            await context.connections[DEVICE].barrier(reply)
        request = fill(context.run.spec.protocol.broadcast_request, context.conversations[ROOM], OWN)
        await context.send("speaker", request)
        if answers:
            await context.connections["speaker"].barrier(reply)


def replays(context: ScenarioContext) -> bool:
    """Say whether the join of the second device brought what had been told before it."""
    protocol = context.run.spec.protocol
    told = [str(one.frame.value) for one in _frames(context, DEVICE) if one.frame.type == protocol.broadcast.frame]
    return bool(told) and OWN not in told[0]


def wrong_fields(context: ScenarioContext) -> dict[str, str]:
    """Give the fields, as `type.field`, that break the schema of their frame, and the rule that this breaks."""
    everyone = (*context.past, *context.connections.values())
    frames = [received.frame for connection in everyone for received in connection.log]
    wrong = {(str(one.type), each.place, each.rule) for one in frames for each in one.violations}
    other = context.run.spec.protocol.malformed_rule
    return {
        f"{kind}.{field}": rule or other for kind, place, rule in sorted(wrong, key=str) if (field := _field(place))
    }


async def untold_devices(context: ScenarioContext, witness: str, reply: float, *, answers: bool) -> frozenset[str]:
    """Give the types of events of the speaker that the witness got since the second device joined, and this did not.

    Where it got none of the speaker's events, it is not told of any.
    """
    device = context.connections.get(DEVICE)
    if device is None or device.closed is not None:
        return frozenset()
    if answers:
        await context.connections[witness].barrier(reply)
        await device.barrier(reply)
    if _untold(context, witness, device):
        await device.until(lambda: not _untold(context, witness, device), SHARE * reply)
    return _untold(context, witness, device)


def _untold(context: ScenarioContext, witness: str, device: Connection) -> frozenset[str]:
    actors = {kind: actor for one in context.run.spec.incoming.values() for kind, actor in one.echo.items()}
    since = next((one.at for one in device.log), 0.0)
    heard = [one.frame for one in _frames(context, witness) if one.frame.type in actors and one.at > since]
    events = [one for one in heard if (one.value or {}).get(actors[str(one.type)]) == context.users["speaker"]]
    told = {one.frame.type for one in device.log}
    untold = frozenset(str(one.type) for one in events if one.type not in told)
    return frozenset(actors) if untold and untold == {one.type for one in events} else untold


def _frames(context: ScenarioContext, who: str) -> Iterator[Received]:
    yield from (one for past in (*context.past, *context.connections.values()) if past.name == who for one in past.log)


def _field(place: str) -> str:
    """Give the field of a place: `messages[].content type` and `messages[] required content` say the same."""
    words = place.split(" ")
    if "required" in words:
        at = words.index("required")
        return ".".join(filter(None, ("".join(words[:at]), words[-1]))) if len(words) > at + 1 else ""
    return words[0] if len(words) > 1 else ""
