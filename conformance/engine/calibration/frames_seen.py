"""Finds what is wrong with the frames of a server: in their form, in whom they reach, and which ones never come."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from conformance.engine.calibration.cast import ROOM
from conformance.engine.calibration.skew import fill
from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.joining import join
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match
from conformance.scenario.pattern_fields import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received
    from conformance.wire.frames import Frame

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


def replays(context: ScenarioContext, latest: str) -> bool:
    """Say whether the join of the second device brought what had been told before it.

    The latest text before the join does not count: on a server that decides late whom it tells, it may be under way.
    Neither do those of the trials, which come later.
    """
    protocol = context.run.spec.protocol
    known = {OWN, latest, *(str(value) for one in protocol.trials for value in one.request.values())}
    frames = [one.frame for one in _frames(context, DEVICE) if one.frame.type == protocol.broadcast.frame]
    return any(known.isdisjoint(map(str, (one.value or {}).values())) for one in frames)


def wrong_fields(context: ScenarioContext) -> dict[str, str]:
    """Give the fields, as `type.field`, that break the schema of their frame, and the rule that this breaks.

    A field that is sound in any frame of its type is wrong now and then only, and not given.
    """
    everyone = (*context.past, *context.connections.values())
    frames = [received.frame for connection in everyone for received in connection.log]
    other = context.run.spec.protocol.malformed_rule
    wrong = {f"{one.type}.{field}": rule or other for one in frames for field, rule in _broken(one).items()}
    return {name: wrong[name] for name in sorted(wrong) if not any(_is_sound(one, name) for one in frames)}


def foreign_types(context: ScenarioContext) -> tuple[str, ...]:
    """Give the types of the frames so far that the protocol does not give to servers.

    Who sends one request back sends others back, too.
    """
    spec = context.run.spec
    key, requests = spec.protocol.discriminator, spec.incoming.keys() - spec.outgoing.keys()
    everyone = (*context.past, *context.connections.values())
    odd = (one.frame.value for connection in everyone for one in connection.log if one.frame.type is None)
    found = {value[key] for value in odd if value is not None and isinstance(value.get(key), str)}
    return tuple(sorted(found if found.isdisjoint(requests) else found | requests))


def unconfirmed(
    context: ScenarioContext, known: frozenset[str], unseen: tuple[str, ...], heard: bool
) -> tuple[str, ...]:
    """Give the requests that took effect and never got a reply of their own, though others of its type came."""
    run, key = context.run, context.run.spec.protocol.discriminator
    sending = {str(run.spec.protocol.broadcast_request[key])} if heard else set()
    took_effect = sorted(one for one in known | sending if run.spec.incoming[one].reply is not None)
    return tuple(one for one in took_effect if context.reply_to(one)[0] not in unseen and not _got_reply(context, one))


def _got_reply(context: ScenarioContext, request: str) -> bool:
    kind, pattern = context.reply_to(request)
    everyone = (*context.past, *context.connections.values())
    frames = (received.frame for connection in everyone for received in connection.log)
    return any(one.type == kind and isinstance(match(dict(pattern), one.value), Matched) for one in frames)


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


def _broken(frame: Frame) -> dict[str, str | None]:
    return {dotted(one.field): one.rule for one in frame.violations if one.field}


def _is_sound(frame: Frame, name: str) -> bool:
    kind, _, field = name.partition(".")
    return frame.type == kind and field not in _broken(frame) and _holds(frame.value, field.split("."))


def _holds(value: object, path: Sequence[str]) -> bool:
    """Tell whether there is something else than null at a path such as `messages[]`, `content`."""
    if not path:
        return value is not None
    inner = value.get(path[0].removesuffix("[]")) if isinstance(value, dict) else None
    if path[0].endswith("[]"):
        return isinstance(inner, list) and any(_holds(one, path[1:]) for one in inner)
    return _holds(inner, path[1:])
