"""Performs the steps: one function per kind, in one table. Each returns when its step holds, else it raises Unmet."""

from __future__ import annotations

import asyncio
import operator
from typing import TYPE_CHECKING, Any

from conformance.connection import Connection, Received, Refused
from conformance.errors import ChatParityError
from conformance.matching import Matched, Mismatch, PatternError, match, same, show
from conformance.play.failure import Broken, PlayError, Unmet
from conformance.play.residue import unexplained
from conformance.play.world import Guard, World
from conformance.scenario import steps as s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

MAX_PAGES = 1000
REFUSING_STATUS = frozenset({401, 403})
REFUSING_CODES = ("1008", "44xx")
TIMER_MARGIN = 1.25
"""A server's timer may end this much late before it is late: 1.25 times its length, plus the patience."""


async def perform(steps: Sequence[s.Step], world: World) -> None:
    """Perform steps in order; a PlayError leaves here with the step that it happened at."""
    for step in steps:
        try:
            await _PERFORMERS[type(step)](step, world)
        except PlayError as error:
            if error.step is None:
                error.step = step
            raise
        except PatternError as error:
            raise Broken(str(error), step=step) from None


async def _send(step: s.Send, world: World) -> None:
    discriminator = world.stage.spec.protocol.discriminator
    frame = {discriminator: step.frame, **world.value(step.fields)}
    violations = world.stage.spec.incoming[step.frame].violations(frame)
    if violations and not step.invalid:
        raise Broken(f"our own {step.frame} does not fit its schema: {violations[0].message}")
    if step.invalid and not violations:
        raise Broken(f"this {step.frame} is marked `invalid`, but it fits its schema")
    await world.send(step.by, frame, paced=not world.unpaced)


async def _send_raw(step: s.SendRaw, world: World) -> None:
    connection = world.open(step.by)
    before = len(connection.log)
    if await _write_raw(step, connection, world):
        # Barriers are told apart by counting their replies, so the one to this must be known before the next.
        protocol = world.stage.spec.protocol
        answers = (protocol.barrier_reply, protocol.error)
        await connection.until(
            lambda: any(one.frame.type in answers for one in connection.log[before:]), world.stage.patience
        )


async def _write_raw(step: s.SendRaw, connection: Connection, world: World) -> bool:
    """Write it; True: it is a barrier request."""
    if step.binary is not None:
        data = bytes.fromhex(step.binary)
        world.transcript.note(step.by, "→", f"binary {data.hex()}")
        barrier = connection.note_raw(data)
        await connection.send_bytes(data)
        return barrier
    if step.frames:
        return _write_wire(step, connection, world)
    text = _text(step, step.text, world)
    world.transcript.note(step.by, "→", text)
    barrier = connection.note_raw(text)
    await connection.send_text(text)
    return barrier


def _write_wire(step: s.SendRaw, connection: Connection, world: World) -> bool:
    message = b""
    barrier = False
    for frame in step.frames:
        written = frame.payload_hex
        payload = bytes.fromhex(written) if written is not None else _text(step, frame.payload, world).encode()
        about = f"opcode {frame.opcode} fin {int(frame.fin)} rsv {frame.rsv}"
        world.transcript.note(step.by, "→", f"frame {about}, {len(payload)} bytes: {payload[:200]!r}")
        connection.send_wire(frame.opcode, payload, fin=frame.fin, rsv=frame.rsv)
        if frame.opcode in (0, 1):
            message += payload
            if frame.fin:
                barrier |= connection.note_raw(message)
                message = b""
    return barrier


def _text(step: s.SendRaw, raw: Any, world: World) -> str:
    text = world.value(raw)
    if not isinstance(text, str):
        raise Broken(f"{step.label}: {show(text)} is not text")
    return text


async def _expect(step: s.Expect, world: World) -> None:
    pattern = world.render(step.pattern)
    agreed: dict[str, Any] = {}  # Several connections of one step must capture the same values.
    for name in step.at:
        connection = world.open(name)
        found = await _await_frame(world, connection, step.frame, pattern, _extra(step.within, world))
        if found is None:
            raise _missing(world, connection, step.frame, pattern)
        index, received, matched = found
        if step.next:
            _check_next(world, connection, index)
        connection.claimed.add(index)
        for key, value in matched.captures.items():
            first = agreed.setdefault(key, value)
            if not same(first, value):
                raise Unmet(f"{name} got {show(value)} for {key}, {step.at[0]} got {show(first)}", received)
    world.bind(agreed)


def _check_next(world: World, connection: Connection, index: int) -> None:
    for earlier in range(index):
        received = connection.log[earlier]
        if earlier not in connection.claimed and not world.is_ambient(received):
            kind = received.frame.type or "a frame of no known type"
            raise Unmet(f"at {connection.name}, {kind} came first", received)


async def _await_frame(
    world: World, connection: Connection, kind: str, pattern: Any, extra: float
) -> tuple[int, Received, Matched] | None:
    """Wait for a frame; when patience ends, the barrier says whether it can still come."""

    def arrived() -> bool:
        return world.first(connection, kind, pattern, or_greeting=True) is not None

    in_time = await connection.until(arrived, extra + world.stage.patience)
    if not in_time and connection.closed is None and world.stage.calibration.answers_barrier:
        # Whatever the server still has to do for us is done when the barrier returns, however slow the machine is.
        await world.quiet()
    return world.first(connection, kind, pattern, or_greeting=True)


def _missing(world: World, connection: Connection, kind: str, pattern: Any) -> Unmet:
    """Say what is missing, and which frame came nearest to it."""
    ending = f"; the connection was {connection.closed}" if connection.closed else ""
    near: tuple[int, Mismatch, Received] | None = None
    for index, received in enumerate(connection.log):
        if received.frame.type == kind:
            miss = match(pattern, received.frame.value)
            if isinstance(miss, Mismatch) and (near is None or miss.distance <= near[0]):
                near = (miss.distance, miss, received)
            elif isinstance(miss, Matched) and near is None and index in connection.claimed:
                ending = f"; the one that came was expected before{ending}"
    if near is not None:
        return Unmet(f"no matching {kind} at {connection.name}; the nearest differs: {near[1]}{ending}", near[2])
    unclaimed = [one for index, one in enumerate(connection.log) if index not in connection.claimed]
    error = next((one for one in unclaimed if one.frame.type == world.stage.spec.protocol.error), None)
    if error is not None:
        return Unmet(f"no {kind} at {connection.name}; it got an {error.frame.type} instead{ending}", error)
    return Unmet(f"no {kind} at {connection.name}{ending}", unclaimed[-1] if unclaimed else None)


def _extra(within: str | None, world: World) -> float:
    return world.stage.timer(within) * TIMER_MARGIN if within else 0.0


async def _never(step: s.Never, world: World) -> None:
    guard = Guard(step, world.render(step.pattern))
    await world.quiet()
    judge_guard(guard, world)
    world.guards.append(guard)


def judge_guard(guard: Guard, world: World) -> None:
    """Raise Unmet where a connection has an unclaimed frame that must never come."""
    strays = unexplained(world) if guard.step.frame == "*" else {}
    for name in guard.step.at:
        connection = world.open(name)
        unclaimed = [one for index, one in enumerate(connection.log) if index not in connection.claimed]
        suspects = strays[name] if guard.step.frame == "*" else unclaimed
        for received in suspects:
            fits = guard.step.frame in ("*", received.frame.type)
            # A frame that cannot be read has no value to match; it is a frame all the same.
            if fits and (not guard.pattern or isinstance(match(guard.pattern, received.frame.value), Matched)):
                raise Unmet(f"{name} must never get {received.frame.type or 'such a frame'} here", received)


async def _expect_either(step: s.ExpectEither, world: World) -> None:
    connection = world.open(step.at)
    patterns = [world.render(one.pattern) for one in step.alternatives]

    def which() -> int | None:
        """Give the alternative whose frame came first, else the one that says how the connection ended."""
        came = []
        for index, (one, pattern) in enumerate(zip(step.alternatives, patterns, strict=True)):
            position = _happened(one, pattern, connection, world)
            if position is not None:
                came.append((position, index))
        return min(came)[1] if came else None

    await connection.until(lambda: which() is not None, _extra(step.within, world) + world.stage.reply)
    index = which()
    if index is None:
        wanted = " or ".join(_say_alternative(one) for one in step.alternatives)
        ending = f"it was {connection.closed}" if connection.closed else "nothing of that happened"
        raise Unmet(f"expected {wanted} at {step.at}; {ending}")
    if step.alternatives[index].frame is not None:
        found = world.first(connection, str(step.alternatives[index].frame), patterns[index])
        assert found is not None
        connection.claimed.add(found[0])
        world.bind(found[2].captures)


def _happened(one: s.Alternative, pattern: Any, connection: Connection, world: World) -> int | None:
    """Say whether an alternative has happened: its place in the log (the end is behind every frame), or None."""
    if one.frame is not None:
        found = world.first(connection, one.frame, pattern)
        return None if found is None else found[0]
    closed = connection.closed
    if closed is None:
        return None
    if one.dropped:
        fits = closed.code is None and not closed.fault
    else:
        fits = closed.code is not None and _one_of_codes(closed.code, one.close)
    return len(connection.log) if fits else None


def _say_alternative(one: s.Alternative) -> str:
    if one.frame is not None:
        return one.frame
    return "a dropped connection" if one.dropped else f"a close with {' or '.join(one.close)}"


async def _expect_close(step: s.ExpectClose, world: World) -> None:
    for name in step.at:
        connection = world.open(name)
        await connection.until(lambda: False, _extra(step.within, world) + world.stage.reply)
        closed = connection.closed
        if closed is None:
            raise Unmet(f"{name} should have been closed by the server, and is still open")
        if closed.fault:
            raise Unmet(f"{name} should have been closed by the server; instead it was {closed}")
        if closed.code is None and not step.or_dropped:
            raise Unmet(f"{name} was dropped without a close frame")
        if closed.code is not None and step.codes and not _one_of_codes(closed.code, step.codes):
            raise Unmet(f"{name} was closed with {closed.code}, not with {' or '.join(step.codes)}")


def _one_of_codes(code: int, codes: Sequence[str]) -> bool:
    """Compare a close code with codes such as 1008 and 44xx."""
    digits = str(code)
    return any(
        len(one) == len(digits) and all(want in ("x", have) for want, have in zip(one, digits, strict=True))
        for one in codes
    )


async def _connect(step: s.Connect, world: World) -> None:
    token = world.value(step.token) if step.token is not None else None
    outcome = await world.connect(step.who, step.instance, token, world.value(dict(step.query)), step.origin)
    if step.refused:
        await _check_refused(step, outcome, world)
        return
    if isinstance(outcome, Refused):
        if not world.observing:
            raise Unmet(f"{step.who} should be let in, and was refused: {outcome.why}")
        return
    if world.stage.calibration.greets and not world.observing:
        await world.take_greeting(step.who)
    for conversation in step.join:
        await world.join(step.who, conversation)


async def _check_refused(step: s.Connect, outcome: Connection | Refused, world: World) -> None:
    """Check for HTTP 401 or 403, or a close with 1008 or 44xx before any application frame (AUTH-1)."""
    if isinstance(outcome, Refused):
        if outcome.status not in REFUSING_STATUS:
            raise Unmet(f"{step.who} should be refused with HTTP 401 or 403; what happened: {outcome.why}")
        return
    await outcome.until(lambda: bool(outcome.log), world.stage.reply)
    if outcome.log:
        raise Unmet(f"{step.who} should be refused, and was let in", outcome.log[0])
    closed = outcome.closed
    if closed is None:
        raise Unmet(f"{step.who} should be refused, and its connection is open")
    if closed.code is None or not _one_of_codes(closed.code, REFUSING_CODES):
        raise Unmet(f"{step.who} should be refused with a close of 1008 or 44xx; it was {closed}")


async def _disconnect(step: s.Disconnect, world: World) -> None:
    for name in step.who:
        connection = world.open(name)
        await (connection.drop() if step.drop else connection.close())


async def _ws_ping(step: s.WsPing, world: World) -> None:
    payload = str(world.value(step.payload)).encode()
    world.transcript.note(step.by, "→", f"WebSocket ping {payload!r}")
    if not await world.open(step.by).ws_ping(payload, world.stage.reply):
        raise Unmet(f"{step.by} got no WebSocket pong with the payload {payload!r}")
    world.transcript.note(step.by, "←", f"WebSocket pong {payload!r}")


async def _sync(step: s.Sync, world: World) -> None:
    for name in step.who:
        connection = world.open(name)
        if connection.closed is not None:
            raise Unmet(f"{name} should still be connected, and was {connection.closed}")
    if not await world.barrier(step.who):
        silent = [name for name in step.who if world.open(name).closed is not None]
        if silent:
            raise Unmet(f"{silent[0]} should still be connected, and was {world.open(silent[0]).closed}")
        raise Unmet(f"no reply to the barrier's request at {' or '.join(step.who)} within {world.stage.reply:g} s")
    if world.stage.settle:
        await asyncio.sleep(world.stage.settle)
        await world.barrier(step.who)


async def _repeat(step: s.Repeat, world: World) -> None:
    times = world.value(step.times)
    if isinstance(times, dict) and times.keys() == {"times", "plus"}:
        times = times["times"] + times["plus"]
    if not isinstance(times, int) or isinstance(times, bool) or not 0 <= times <= 10_000:
        raise Broken(f"`repeat` takes a whole number up to 10,000, not {show(times)}")
    for count in range(1, times + 1):
        if step.name:
            world.bind({step.name: count})
        await perform(step.steps, world)


async def _together(step: s.Together, world: World) -> None:
    results = await asyncio.gather(*(perform(branch, world) for branch in step.branches), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _page(step: s.Page, world: World) -> None:
    discriminator = world.stage.spec.protocol.discriminator
    fields = world.value(step.fields)
    pattern, going_on = world.render(step.pattern), world.render(step.going_on)
    gathered: dict[str, list[Any]] = {name: world.gathered(name) for name in step.collect.values()}
    connection = world.open(step.by)
    for _ in range(MAX_PAGES):
        frame = {discriminator: step.frame, **fields}
        violations = world.stage.spec.incoming[step.frame].violations(frame)
        if violations:
            raise Broken(f"our own {step.frame} does not fit its schema: {violations[0].message}")
        await world.send(step.by, frame)
        found = await _await_frame(world, connection, step.reply, pattern, world.stage.reply - world.stage.patience)
        if found is None:
            raise _missing(world, connection, step.reply, pattern)
        index, received, matched = found
        connection.claimed.add(index)
        world.bind(matched.captures)
        value = received.frame.value or {}
        for field, name in step.collect.items():
            if not isinstance(value.get(field), list):
                raise Unmet(f"{step.reply} has no list {field!r}", received)
            gathered[name] += value[field]
        if isinstance(match(going_on, value), Mismatch):
            world.bind(gathered)
            return
        before = fields
        for field, name in step.follow.items():
            if value.get(field) is None:
                raise Unmet(f"{step.reply} says that there is more, and has no {field}", received)
            fields = {**fields, name: value[field]}
        if same(before, fields):
            raise Unmet(f"{step.reply} says that there is more, and leads back to the same page", received)
    raise Unmet(f"{step.frame} did not come to an end within {MAX_PAGES} pages")


async def _collect(step: s.Collect, world: World) -> None:
    connection = world.open(step.at)
    pattern = world.render(step.pattern)
    await world.quiet()
    gathered = []
    last: Received | None = None
    while (found := world.first(connection, step.frame, pattern)) is not None:
        index, last, _ = found
        connection.claimed.add(index)
        value: Any = last.frame.value
        gathered.append(value if step.field is None else value.get(step.field))
    world.bind({step.into: gathered})
    wanted = (
        (step.count, operator.eq, "exactly"),
        (step.at_least, operator.ge, "at least"),
        (step.at_most, operator.le, "at most"),
    )
    for bound, holds, phrase in wanted:
        size = world.value(bound)
        if size is not None and not holds(len(gathered), size):
            raise Unmet(f"expected {phrase} {size} {step.frame} at {step.at}, got {len(gathered)}", last)


async def _check(step: s.Check, world: World) -> None:
    value = world.value(step.value)
    found = match(world.render(step.pattern), value)
    if isinstance(found, Mismatch):
        raise Unmet(f"{step.value}: {found}")
    world.bind(found.captures)


async def _provision(step: s.Provision, world: World) -> None:
    world.transcript.note("", "·", step.label)
    conversation, user = world.conversations[step.conversation], world.users[step.user]
    if step.role is None or step.role == world.stage.spec.protocol.no_member:
        await world.stage.provisioner.remove(conversation, user)
    else:
        await world.stage.provisioner.give_role(conversation, user, step.role)


async def _pause(step: s.Pause, world: World) -> None:
    seconds = world.stage.timer(step.timer) * TIMER_MARGIN + world.stage.patience
    world.transcript.note("", "·", f"pause of {seconds:.1f} s ({step.timer})")
    await asyncio.sleep(seconds)


async def _restart(_: s.Restart, world: World) -> None:
    if world.stage.restart is None:
        raise Broken("the run cannot restart this target; the scenario should say `needs: {restart: true}`")
    world.transcript.note("", "·", "the server is killed and started again")
    try:
        await world.stage.restart()
    except ChatParityError as error:
        raise Unmet(f"the server did not come back: {error}") from None


async def _never_fetched(step: s.NeverFetched, world: World) -> None:
    await world.quiet()
    world.trap_guards.append(step)
    judge_trap(step, world)


def judge_trap(step: s.NeverFetched, world: World) -> None:
    """Raise Unmet where somebody has asked the trap for something."""
    if world.traps[step.trap].visits:
        raise Unmet(f"the server asked the URL of {step.trap} for something")


async def _observe(step: s.Observe, world: World) -> None:
    await world.quiet()
    world.observed = step.otherwise
    for word, one in step.choices.items():
        if one.refused:
            if step.at in world.refused:
                world.observed = word
                return
            continue
        if step.at not in world.connections:
            continue
        connection = world.connections[step.at]
        pattern = world.render(one.pattern)
        if _happened(one, pattern, connection, world) is not None:
            if one.frame is not None:
                found = world.first(connection, one.frame, pattern)
                assert found is not None
                world.bind(found[2].captures)
            world.observed = str(world.value(word))
            return


_PERFORMERS: dict[type[s.Step], Callable[[Any, World], Awaitable[None]]] = {
    s.Send: _send,
    s.SendRaw: _send_raw,
    s.Expect: _expect,
    s.Never: _never,
    s.ExpectEither: _expect_either,
    s.ExpectClose: _expect_close,
    s.Connect: _connect,
    s.Disconnect: _disconnect,
    s.WsPing: _ws_ping,
    s.Sync: _sync,
    s.Repeat: _repeat,
    s.Together: _together,
    s.Page: _page,
    s.Collect: _collect,
    s.Check: _check,
    s.Provision: _provision,
    s.Pause: _pause,
    s.Restart: _restart,
    s.NeverFetched: _never_fetched,
    s.Observe: _observe,
}
