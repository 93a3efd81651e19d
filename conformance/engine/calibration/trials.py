"""Asks for everything once, and says what the server has shown: a request may be confirmed and do nothing."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.cast import ROOM
from conformance.engine.calibration.skew import fill
from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.joining import arrive, join
from conformance.engine.context.read_back import id_of
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.spec.protocol import Trial
    from conformance.wire.connection import Connection

MESSAGE, UNBOUND = "${message}", "${"
SHARE = 0.25
"""The share of the reply time that a frame gets at once, where no barrier says that the request is handled."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of the requests.

    `known` are the types that got their own reply or caused their frame, `lacking` those of which nothing has come.
    `unseen` are the types of frames that never came, and the parts of requests that did nothing. `lag` is by how many
    seconds the latest came after the barrier behind its request: a server may have a queue of its own for receipts or
    for reactions. `owed` are the types of the replies to all known requests, `answered` those that came.
    """

    known: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    lag: float = 0.0
    owed: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Asked:
    """A trial that was sent `by` somebody: who should get its frame, and by which pattern.

    `since` is when the request was handled (None: never, as far as one could see), `granted` whether its reply came.
    """

    trial: Trial
    by: str
    kind: str
    at: str
    pattern: Any
    since: float | None = None
    granted: bool = False

    @property
    def awaited(self) -> tuple[str, str, Any]:
        """Who should get the frame, its type and its pattern."""
        return self.at, self.trial.event.frame, self.pattern


async def try_everything(
    context: ScenarioContext, witness: str, text: str, reply: float, *, answers: bool, message: str = ""
) -> Shown:
    """Send the requests of `trials` in the protocol; `text` is that of a message of the speaker, if one arrived.

    `message` is its id where it was read from the history instead.
    """
    protocol = context.run.spec.protocol
    names = _names(context, witness, text) | ({MESSAGE: message} if message else {})
    people = {"speaker": "speaker", "witness": witness}
    asked: list[_Asked] = []
    unbound: set[str] = set()
    with contextlib.suppress(Unmet, Spoiled):
        for one in protocol.trials:
            if one.after_message and MESSAGE not in names:
                continue
            request, pattern = _put(one.request, names), _put(one.event.pattern, names)
            if UNBOUND in str(request):  # An earlier trial should have bound a name.
                unbound.add(one.shows)
                continue
            ask = _Asked(one, people[one.by], request[protocol.discriminator], people[one.at], pattern)
            for who in {ask.by, ask.at}:
                await _open(context, who)
            before = len(context.connections[ask.by].log)
            await context.send(ask.by, request)
            asked.append(ask)
            await _handled(context, ask, reply, answers=answers)
            ask.since, ask.granted = time.perf_counter(), _is_granted(context, ask.by, ask.kind, before)
            names |= _captured(context, *ask.awaited)
    await _wait(context, asked, reply)
    return _shown(context, asked, unbound, answers=answers)


def _shown(context: ScenarioContext, asked: list[_Asked], unbound: set[str], *, answers: bool) -> Shown:
    """Say what came of the trials; those of `unbound` could not be sent for want of what others should have given."""
    whole = [one for one in asked if one.trial.part is None]
    granted = {one.kind for one in whole if one.granted}
    came = {one.trial.event.frame for one in whole if _seen(context, *one.awaited)}
    known = granted | {one.kind for one in whole if one.trial.event.frame in came}
    silent = {one.trial.shows for one in asked if one.trial.shows not in came and not _seen(context, *one.awaited)}
    lags = [_lag(context, *one.awaited, one.since) for one in asked if one.since is not None] if answers else []
    return Shown(
        known=frozenset(known),
        lacking=frozenset(one.kind for one in whole) - known,
        unseen=frozenset(unbound | silent),
        lag=max(lags, default=0.0),
        owed=_replies(context, known),
        answered=_replies(context, granted) | came,  # A reply may have come late.
    )


def _names(context: ScenarioContext, witness: str, text: str) -> dict[str, str]:
    room = context.conversations[ROOM]
    names = {"${conversation}": room, "${text}": text}
    names |= {"${speaker}": context.users["speaker"], "${witness}": context.users[witness]}
    message = told_id(context, witness, text) if text else None
    return names | ({MESSAGE: message} if message else {})


def told_id(context: ScenarioContext, witness: str, text: str) -> str | None:
    """Give the id of the message with this text, as its broadcast told the witness; empty: it did not say it.

    None: the witness got no such broadcast.
    """
    protocol = context.run.spec.protocol
    pattern = fill(protocol.broadcast.pattern, context.conversations[ROOM], text)
    found = context.first(context.connections[witness], protocol.broadcast.frame, pattern)
    return id_of(found[1].frame.value or {}, protocol) if found else None


def _captured(context: ScenarioContext, at: str, kind: str, pattern: Any) -> dict[str, str]:
    """Give the names that the latest frame that fits binds."""
    found = [
        result.captures
        for connection in _connections(context, at)
        for received in connection.log
        if received.frame.type == kind and isinstance(result := match(pattern, received.frame.value), Matched)
    ]
    return {f"${{{name}}}": value for name, value in found[-1].items()} if found else {}


def _put(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _put(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_put(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


async def _open(context: ScenarioContext, who: str) -> None:
    """Connect and join once more if the server has closed the connection, as some do at what they do not know."""
    if context.connections[who].closed is not None:
        await arrive(context, who)
        await join(context, who, ROOM)


async def _handled(context: ScenarioContext, ask: _Asked, reply: float, *, answers: bool) -> None:
    """Wait until a request is handled: by the barriers behind it, or, where nothing answers them, by its frame."""
    if answers:
        for who in dict.fromkeys((ask.by, ask.at)):
            await context.connections[who].barrier(reply)
    else:
        await context.connections[ask.at].until(lambda: _seen(context, *ask.awaited), SHARE * reply)


async def _wait(context: ScenarioContext, asked: list[_Asked], reply: float) -> None:
    """Wait once for all frames that have not come."""
    missing = {one.at: [other.awaited for other in asked if other.at == one.at] for one in asked}
    for who, frames in missing.items():
        await context.connections[who].until(partial(_all_seen, context, frames), reply)


def _all_seen(context: ScenarioContext, frames: list[tuple[str, str, Any]]) -> bool:
    return all(_seen(context, *one) for one in frames)


def _lag(context: ScenarioContext, at: str, kind: str, pattern: Any, since: float) -> float:
    """Give by how many seconds a frame came after an instant; 0.0: it came before, or never."""
    return max(0.0, min(_arrivals(context, at, kind, pattern), default=since) - since)


def _seen(context: ScenarioContext, at: str, kind: str, pattern: Any) -> bool:
    return next(_arrivals(context, at, kind, pattern), None) is not None


def _arrivals(context: ScenarioContext, at: str, kind: str, pattern: Any) -> Iterator[float]:
    """Give the instant of each frame that fits, in the order of its connection."""
    yield from (
        received.at
        for connection in _connections(context, at)
        for received in connection.log
        if received.frame.type == kind and isinstance(match(pattern, received.frame.value), Matched)
    )


def _connections(context: ScenarioContext, who: str) -> Iterator[Connection]:
    yield from (one for one in (*context.past, *context.connections.values()) if one.name == who)


def _replies(context: ScenarioContext, kinds: Iterable[str]) -> frozenset[str]:
    """Give the types of the replies to these requests."""
    replies = (context.run.spec.incoming[kind].reply for kind in kinds)
    return frozenset(reply[context.run.spec.protocol.discriminator] for reply in replies if reply is not None)


def _is_granted(context: ScenarioContext, by: str, kind: str, before: int) -> bool:
    reply = context.run.spec.incoming[kind].reply
    if reply is None:
        return False
    name, pattern = context.reply_to(kind)
    return any(
        received.frame.type == name and isinstance(match(pattern, received.frame.value), Matched)
        for received in context.connections[by].log[before:]
    )
