"""Finds the request types that a target does not know, whatever words its errors use.

The harness sends requests of several invented types. What their answers have in common, without echoes and counters,
is the pattern of an unknown type. A type is unknown if the target answers a valid request of it with that pattern, and
an invalid one, too. If the target answers even an invalid request of a type that it certainly knows with the pattern,
its errors are too uniform: then a valid request decides, if valid requests of known types get other answers. Where not
even this tells, those types are unknown of which nothing has come in the trials.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engine.context.joining import arrive
from conformance.target.dialect import wire_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.calibration.trials import Shown
    from conformance.engine.context.scenario_context import ScenarioContext

VARYING = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b(?=\w*\d)[0-9a-fA-F]{8,}\b|\d+")
"""The parts that differ between two answers of the same kind: ids, times, positions, counts."""

HASTE = 0.25
"""The share of the reply time that an answer gets where no barrier says that the request is handled."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its code if it is an error with one, and its words without echoes and numbers."""

    error: bool
    code: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a target answers invented types."""

    errors: frozenset[bool]
    codes: frozenset[str]
    words: frozenset[str]
    longest: int

    def fits(self, answer: Answer, *, by_code: bool) -> bool:
        """Tell whether an answer has this pattern; `by_code`: the code alone distinguishes kinds of errors."""
        if answer.error not in self.errors or answer.code not in self.codes:
            return False
        return by_code or (self.words <= set(answer.words) and len(answer.words) <= self.longest)


async def find_unknown_types(
    context: ScenarioContext, reply: float, shown: Shown, *, joined: bool, answers: bool
) -> tuple[str, ...]:
    """Give the request types that the target does not know.

    `joined`: it has confirmed a join, so it knows that. `answers`: it answers the barrier. `shown`: what came of
    the trials.
    """
    protocol = context.run.spec.protocol
    ask = Asking(context, reply, answers=answers)
    found_to_no_type = [await ask.answer({protocol.discriminator: name}) for name in _names(protocol.unknown_type)]
    pattern = Pattern(
        frozenset(one.error for one in found_to_no_type),
        frozenset(one.code for one in found_to_no_type),
        frozenset.intersection(*(frozenset(one.words) for one in found_to_no_type)),
        max(len(one.words) for one in found_to_no_type),
    )
    refuses = all(one.error or not one.words for one in found_to_no_type)
    certain = protocol.join_request[protocol.discriminator] if joined else None
    by_code = bad_tells = alike = False
    if certain is not None:
        bad = await ask.answer({protocol.discriminator: certain})
        by_code = bool(bad.code) and bad.code not in pattern.codes
        bad_tells = not pattern.fits(bad, by_code=by_code)
        good = await ask.good(certain)
        alike = not bad_tells and (not good.error or pattern.fits(good, by_code=False))
    # All its errors look the same, or it confirms types that do not exist: only what came of a request tells.
    alike = alike or not (refuses or bad_tells)
    found = []
    for kind, message in context.run.spec.incoming.items():
        if kind == certain or kind in shown.known or (answers and kind == _barrier(context)):
            continue
        if kind not in shown.lacking and (alike or (message.reply is None and False in pattern.errors)):
            continue  # A server that knows a type without a reply does not answer it either.
        if not pattern.fits(await ask.good(kind), by_code=by_code):
            continue
        if bad_tells and not pattern.fits(await ask.answer({protocol.discriminator: kind}), by_code=by_code):
            continue
        found.append(kind)
    return tuple(found)


async def find_silent_types(context: ScenarioContext, reply: float) -> tuple[str, ...]:
    """Give all request types if no request of any type brings a frame of the protocol; else none.

    This is for a target whose barrier does not answer: nothing there marks the end of one request's answers.
    """
    connection = context.connections["speaker"]
    before = len(connection.log)
    for message in context.run.spec.incoming.values():
        await context.send("speaker", dict(message.schema["examples"][0]))

    def answered() -> bool:
        return any(one.frame.type and not one.frame.violations for one in connection.log[before:])

    return () if await connection.until(answered, reply) else tuple(context.run.spec.incoming)


def _names(unknown: str) -> tuple[str, ...]:
    """Give invented types of different length."""
    return unknown, unknown[: len(unknown) // 2], unknown * 2


def _barrier(context: ScenarioContext) -> str:
    protocol = context.run.spec.protocol
    return str(protocol.barrier_request[protocol.discriminator])


class Asking:
    """Asks one question after the other, on a new connection after each that the server has closed."""

    def __init__(self, context: ScenarioContext, reply: float, *, answers: bool) -> None:
        self._context = context
        self._reply = reply
        self._answers = answers

    async def good(self, kind: str) -> Answer:
        """Send the example of a type."""
        return await self.answer(dict(self._context.run.spec.incoming[kind].schema["examples"][0]))

    async def answer(self, request: Mapping[str, Any]) -> Answer:
        """Send a request, and give the first frame that answers it; without words: no frame does."""
        context, protocol = self._context, self._context.run.spec.protocol
        if context.connections["speaker"].closed is not None:
            await arrive(context, "speaker")
        connection = context.connections["speaker"]
        before = len(connection.log)
        await context.send("speaker", request)
        if self._answers:
            await connection.barrier(self._reply)
        else:
            await connection.until(
                lambda: any(not context.is_ambient(one) for one in connection.log[before:]), HASTE * self._reply
            )
        answers = [one for one in connection.log[before:] if not context.is_ambient(one)]
        frames = [one.frame for one in answers if one.frame.type != protocol.barrier_reply]
        errors = [frame for frame in frames if frame.type == protocol.error]
        if errors:
            value = errors[0].value or {}
            code = value.get(protocol.error_code)
            return Answer(error=True, code=str(code or ""), words=_words(value, request, context))
        if not frames and connection.closed is not None and not connection.closed.ours:
            return Answer(error=True, code=f"closed with {connection.closed.code}", words=())
        return Answer(error=False, code="", words=tuple(str(frame.type) for frame in frames))


def _words(value: Mapping[str, Any], request: Mapping[str, Any], context: ScenarioContext) -> tuple[str, ...]:
    """Give the words of an error, without echoes of the request and without counters."""
    kind = request[context.run.spec.protocol.discriminator]
    # The text of an error uses the server's own names.
    echoes = {kind, wire_type(context.run.target.dialect, kind), *_texts(request)}
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    for echo in sorted(echoes, key=len, reverse=True):
        if echo:
            written = re.escape(json.dumps(echo, ensure_ascii=False)[1:-1])
            text = re.sub(rf"(?<!\w){written}(?!\w)", "…", text)
    return tuple(re.findall(r"\w+|…|#", VARYING.sub("#", text)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
