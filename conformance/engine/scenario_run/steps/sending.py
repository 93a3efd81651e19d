"""The steps that send: frames of the protocol, raw ones, WebSocket pings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Broken, Spoiled, Unmet
from conformance.engine.context.joining import set_aside_replayed
from conformance.engine.scenario_run.steps.limits import keep_frame_limit, keep_limits
from conformance.files.show import show
from conformance.scenario import steps as s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection


async def send(step: s.Send, context: ScenarioContext) -> None:
    """Send one frame of the protocol, checked against its own schema; raises Broken or Spoiled if it does not fit."""
    discriminator = context.run.spec.protocol.discriminator
    frame = {discriminator: step.frame, **context.names.value(step.fields)}
    violations = context.run.spec.incoming[step.frame].violations(frame)
    if violations and not step.invalid:
        said = f"our own {step.frame} does not fit its schema: {violations[0].message}"
        if context.was_sent_wrong_frames():
            raise Spoiled(f"with what the server sent, {said}")
        raise Broken(said)
    if step.invalid and not violations:
        raise Broken(f"this {step.frame} is marked `invalid`, but it fits its schema")
    keep_limits(step.by, frame, context)
    await context.send(step.by, frame, paced=context.paced)
    if step.frame == context.run.spec.protocol.join_request[discriminator]:
        await set_aside_replayed(context, context.connections[step.by])


async def send_raw(step: s.SendRaw, context: ScenarioContext) -> None:
    """Send text, bytes or frames as they are."""
    connection = context.open(step.by)
    keep_frame_limit(_bytes(step, context), context)
    if context.paced:
        for request in _requests(step, context):
            await context.keep_pace(step.by, request)
    await context.turn(step.by)
    before = len(connection.log)
    if await _write_raw(step, connection, context):
        # Replies of the barrier are matched by counting, so the reply to this one must arrive before the next.
        protocol = context.run.spec.protocol
        answers = (protocol.barrier_reply, protocol.error)
        await connection.until(
            lambda: any(one.frame.type in answers for one in connection.log[before:]), context.run.reply
        )


def _requests(step: s.SendRaw, context: ScenarioContext) -> list[str]:
    """Give the type of each message of a raw step, which counts against the limits; empty: it has none."""
    if step.binary is not None:
        return [""]
    if not step.frames:
        return [_type_of(_text(step, step.text, context), context)]
    last = [frame for frame in step.frames if frame.fin and frame.opcode in (0, 1, 2)]
    return [_type_of(_payload(step, frame, context), context) for frame in last]


def _bytes(step: s.SendRaw, context: ScenarioContext) -> int:
    """Count the bytes of the messages that a raw step sends."""
    if step.binary is not None:
        return len(bytes.fromhex(step.binary))
    if not step.frames:
        return len(_text(step, step.text, context).encode("utf-8", "surrogatepass"))
    return max(len(_payload(step, frame, context)) for frame in step.frames)


def _type_of(data: str | bytes, context: ScenarioContext) -> str:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    kind = value.get(context.run.spec.protocol.discriminator) if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else ""


async def _write_raw(step: s.SendRaw, connection: Connection, context: ScenarioContext) -> bool:
    """Write the raw frame; True: it is a barrier request."""
    if step.binary is not None:
        data = bytes.fromhex(step.binary)
        context.transcript.note(step.by, "→", f"binary {data.hex()}", event="raw")
        barrier = connection.note_raw(data)
        await connection.send_bytes(data)
        return barrier
    if step.frames:
        return _write_wire(step, connection, context)
    text = _text(step, step.text, context)
    context.transcript.note(step.by, "→", text, event="raw")
    barrier = connection.note_raw(text)
    await connection.send_text(text)
    return barrier


def _write_wire(step: s.SendRaw, connection: Connection, context: ScenarioContext) -> bool:
    barrier = False
    payloads = [_payload(step, frame, context) for frame in step.frames]
    wires = _spoken(step, payloads, connection)
    last = step.frames[-1]
    for frame, payload, wire in zip(step.frames, payloads, wires, strict=True):
        about = f"opcode {frame.opcode} fin {int(frame.fin)}"
        said = f"frame {about}, {len(payload)} bytes: {payload[:200]!r}"
        context.transcript.note(step.by, "→", said, event="raw")
        connection.send_wire(frame.opcode, wire, fin=frame.fin, more=frame is not last)
        if frame.opcode in (0, 1):
            barrier |= connection.note_raw(payload, final=frame.fin)
    # All frames of a step leave together: some servers go wrong only where one read brings them several frames.
    return barrier


def _payload(step: s.SendRaw, frame: s.RawFrame, context: ScenarioContext) -> bytes:
    written = frame.payload_hex
    return bytes.fromhex(written) if written is not None else _text(step, frame.payload, context).encode()


def _spoken(step: s.SendRaw, payloads: Sequence[bytes], connection: Connection) -> list[bytes]:
    """Translate the fragments of each message into the target's dialect; control frames between them do not change."""
    spoken = list(payloads)
    data = [index for index, frame in enumerate(step.frames) if frame.opcode in (0, 1, 2)]
    message: list[int] = []
    for index in data:
        message.append(index)
        final = step.frames[index].fin
        if final or index == data[-1]:
            translated = connection.speak([payloads[one] for one in message], final=final)
            for one, payload in zip(message, translated, strict=True):
                spoken[one] = payload
            message = []
    return spoken


def _text(step: s.SendRaw, raw: Any, context: ScenarioContext) -> str:
    text = context.names.value(raw)
    if not isinstance(text, str):
        raise Broken(f"{step.label}: {show(text)} is not text")
    return text


async def ws_ping(step: s.WsPing, context: ScenarioContext) -> None:
    """Send a WebSocket ping (RFC 6455 §5.5.2) and wait for the pong of the same payload."""
    payload = str(context.names.value(step.payload)).encode()
    await context.turn(step.by)
    context.transcript.note(step.by, "→", f"WebSocket ping {payload!r}")
    if not await context.reading(step.by).ws_ping(payload, context.run.reply):
        raise Unmet(f"{step.by} got no WebSocket pong with the payload {payload!r}")
    context.transcript.note(step.by, "←", f"WebSocket pong {payload!r}")


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Send: send,
    s.SendRaw: send_raw,
    s.WsPing: ws_ping,
}
"""The function that runs each step of this family."""
