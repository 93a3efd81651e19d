"""Finds the request types that a target does not know, whatever words its errors use.

The harness sends requests of several invented types. What their answers have in common, without echoes and counters,
is the pattern of an unknown type. A type is unknown if the target answers a valid request of it with that pattern, and
an invalid one, too. If the target answers even an invalid request of a type that it certainly knows with the pattern,
its errors are too uniform: then a valid request decides, if valid requests of known types get other answers. Where not
even this tells, those types are unknown of which nothing has come in the trials. Where nobody could join, the join is
asked for in a conversation that exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.answers import Answer, Pattern, words
from conformance.engine.calibration.cast import ROOM
from conformance.engine.calibration.skew import fill
from conformance.engine.context.joining import arrive, join_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.calibration.trials import Shown
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.frames import Frame

HASTE = 0.25
"""The share of the reply time that an answer gets where no barrier says that the request is handled."""


async def find_unknown_types(
    context: ScenarioContext, reply: float, shown: Shown, *, joined: bool, answers: bool
) -> tuple[str, ...]:
    """Give the request types that the target does not know.

    `joined`: it has confirmed a join, so it knows that. `answers`: it answers the barrier. `shown`: what came of
    the trials.
    """
    protocol = context.run.spec.protocol
    ask = Asking(context, reply, answers=answers)
    found_to_no_type = await ask.invented(_names(protocol.unknown_type))
    pattern = Pattern.of(found_to_no_type)
    tells = all(one.error or not one.words for one in found_to_no_type)
    certain = await _known_type(context, ask, pattern, joined=joined)
    by_code = bad_tells = alike = False
    if certain is not None:
        bad = await ask.answer({protocol.discriminator: certain})
        by_code = bool(bad.code) and pattern.codes is not None and bad.code not in pattern.codes
        bad_tells = not pattern.fits(bad, by_code=by_code)
        good = await ask.good(certain)
        alike = not bad_tells and (not good.error or pattern.fits(good, by_code=False))
    # All its errors look the same, or it confirms types that do not exist: only what came of a request tells.
    alike = alike or not (tells or bad_tells)
    joining = str(protocol.join_request[protocol.discriminator])
    found, decided = [], {certain}
    if certain not in (None, joining) and not joined and ROOM in context.conversations:
        decided.add(joining)
        if pattern.fits(await ask.join(), by_code=by_code):
            found.append(joining)
    for kind, message in context.run.spec.incoming.items():
        if kind in decided or kind in shown.known or (answers and kind == _barrier(context)):
            continue
        if kind not in shown.lacking and (alike or (message.reply is None and pattern.silent)):
            continue  # A server that knows a type without a reply does not answer it either.
        if not pattern.fits(await ask.good(kind), by_code=by_code):
            continue
        if bad_tells and not pattern.fits(await ask.answer({protocol.discriminator: kind}), by_code=by_code):
            continue
        found.append(kind)
    return tuple(found)


async def _known_type(context: ScenarioContext, ask: Asking, pattern: Pattern, *, joined: bool) -> str | None:
    """Give a type that the target knows for certain: that of the join, or one that is answered otherwise; else None."""
    protocol = context.run.spec.protocol
    if joined:
        return str(protocol.join_request[protocol.discriminator])
    if ROOM in context.conversations and not pattern.fits(await ask.broadcast(), by_code=False):
        return str(protocol.broadcast_request[protocol.discriminator])
    for kind in context.run.spec.incoming:
        if kind != _barrier(context) and not pattern.fits(await ask.good(kind), by_code=False):
            return kind
    return None


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
    """Asks one question after the other, on a new connection after each that the server has closed.

    `late`: what answers a request may come after the barrier behind it.
    """

    def __init__(self, context: ScenarioContext, reply: float, *, answers: bool) -> None:
        self._context = context
        self._reply = reply
        self._answers = answers
        self._late = not answers

    async def invented(self, names: tuple[str, ...]) -> list[Answer]:
        """Ask for types that do not exist; where the first gets no answer, see whether it is late."""
        discriminator = self._context.run.spec.protocol.discriminator
        first = await self.answer({discriminator: names[0]})
        if not self._late and not first.error and not first.words:
            self._late = True
            first = await self.answer({discriminator: names[0]})
            self._late = first.error or bool(first.words)
        return [first, *[await self.answer({discriminator: name}) for name in names[1:]]]

    async def good(self, kind: str) -> Answer:
        """Send the example of a type."""
        return await self.answer(dict(self._context.run.spec.incoming[kind].schema["examples"][0]))

    async def join(self) -> Answer:
        """Ask to join the conversation of the calibration."""
        return await self.answer(join_request(self._context, ROOM))

    async def broadcast(self) -> Answer:
        """Send a message to the conversation of the calibration."""
        request = self._context.run.spec.protocol.broadcast_request
        return await self.answer(fill(request, self._context.conversations[ROOM], "calibration"))

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

        def answering() -> list[Frame]:
            return [
                one.frame
                for place, one in enumerate(connection.log[before:], before)
                if place not in connection.barriers and not context.is_ambient(one)
            ]

        if self._late:
            await connection.until(lambda: bool(answering()), HASTE * self._reply)
        frames = answering()
        kind, dialect = request[protocol.discriminator], context.run.target.dialect
        errors = [frame for frame in frames if frame.type == protocol.error]
        if errors:
            value = errors[0].value or {}
            code = str(value.get(protocol.error_code) or "")
            return Answer(error=True, code=code, words=words(value, request, kind, dialect))
        if not frames and connection.closed is not None and not connection.closed.ours:
            return Answer(error=True, code=f"closed with {connection.closed.code}", words=())
        said = [frame.text if frame.value is None else frame.value for frame in frames]
        return Answer(error=False, code="", words=words(said, request, kind, dialect) if said else ())
