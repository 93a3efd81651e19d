"""Describes each step of a scenario in a sentence and draws it: one function for each kind of step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.report.site.diagram import SERVER, Arrow, Frame, Note
from conformance.report.site.markdown import code, data, flat, text
from conformance.scenario import steps as s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conformance.report.site.diagram import Part

Branch = tuple[str, "Sequence[s.Step]"]


@dataclass(frozen=True, slots=True)
class Told:
    """A step as a sentence of Markdown, its drawing, and the steps inside it as named branches."""

    sentence: str
    drawn: tuple[Part, ...] = ()
    branches: tuple[Branch, ...] = ()


def tell(step: s.Step) -> Told:
    """Describe a step."""
    return _TELLERS[type(step)](step)


def drawn(steps: Iterable[s.Step]) -> tuple[Part, ...]:
    """Give the drawing of the steps; steps inside others become frames."""
    parts: list[Part] = []
    for step in steps:
        told = tell(step)
        parts += told.drawn
        for name, inner in told.branches:
            if inside := drawn(inner):
                parts.append(Frame(name, inside))
    return tuple(parts)


def _people(names: Iterable[str]) -> str:
    """Name connections: `alice`, or `alice and bob`, or `alice, bob and carol`."""
    shown = [f"**{text(name)}**" for name in names]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _with(value: Any, word: str = "with") -> str:
    return f" {word} {data(value)}" if value not in (None, {}, "") else ""


def _verb(names: Sequence[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many


def _send(step: s.Send) -> Told:
    wrong = ", which is not valid" if step.invalid else ""
    return Told(
        f"{_people([step.by])} sends {code(step.frame)}{_with(step.fields)}{wrong}.",
        (Arrow(step.by, SERVER, step.frame),),
    )


def _send_raw(step: s.SendRaw) -> Told:
    if step.text is not None:
        what, words = f"the text {data(step.text)}", str(step.text)
    elif step.binary is not None:
        what, words = f"the bytes {code(step.binary)} as a binary frame", "binary frame"
    else:
        what, words = f"{len(step.frames)} raw WebSocket frames", "raw frames"
    return Told(f"{_people([step.by])} sends {what}.", (Arrow(step.by, SERVER, words),))


def _ws_ping(step: s.WsPing) -> Told:
    return Told(
        f"{_people([step.by])} sends a WebSocket ping{_with(step.payload)} and gets its pong.",
        (Arrow(step.by, SERVER, "WebSocket ping"), Arrow(SERVER, step.by, "WebSocket pong")),
    )


def _expect(step: s.Expect) -> Told:
    order = " as the next frame" if step.next else ""
    return Told(
        f"{_people(step.at)} {_verb(step.at, 'gets', 'each get')} {code(step.frame)}{_with(step.pattern)}{order}"
        f"{_with(step.within, 'within')}.",
        tuple(Arrow(SERVER, one, step.frame) for one in step.at),
    )


def _alternative(one: s.Alternative) -> tuple[str, str]:
    """Describe one alternative, in Markdown and as plain text."""
    if one.frame is not None:
        return f"{code(one.frame)}{_with(one.pattern)}", one.frame
    if one.close:
        codes = " or ".join(one.close)
        return f"a close with {code(codes)}", f"close {codes}"
    return ("a dropped connection", "drop") if one.dropped else ("a refused connection", "refusal")


def _expect_either(step: s.ExpectEither) -> Told:
    said = [_alternative(one) for one in step.alternatives]
    return Told(
        f"{_people([step.at])} gets one of: {'; '.join(words for words, _ in said)}{_with(step.within, 'within')}.",
        (Arrow(SERVER, step.at, " or ".join(words for _, words in said)),),
    )


def _expect_close(step: s.ExpectClose) -> Told:
    codes = f" with code {code(' or '.join(step.codes))}" if step.codes else ""
    dropped = ", or drops it" if step.or_dropped else ""
    return Told(
        f"The server closes the connection of {_people(step.at)}{codes}{dropped}{_with(step.within, 'within')}.",
        tuple(Arrow(SERVER, one, f"close {' or '.join(step.codes)}".strip()) for one in step.at),
    )


def _observe(step: s.Observe) -> Told:
    choices = "; ".join(f"{text(name)} ({_alternative(one)[0]})" for name, one in step.choices.items())
    return Told(
        f"The probe observes {_people([step.at])}: {choices}; otherwise {text(step.otherwise)}.",
        (Arrow(SERVER, step.at, "what comes?"),),
    )


def _never(step: s.Never) -> Told:
    frame = "any frame" if step.frame == "*" else step.frame
    shown = frame if step.frame == "*" else code(step.frame)
    return Told(
        f"{_people(step.at)} never {_verb(step.at, 'gets', 'get')} {shown}{_with(step.pattern)}.",
        tuple(Arrow(SERVER, one, frame, never=True) for one in step.at),
    )


def _never_fetched(step: s.NeverFetched) -> Told:
    return Told(f"Nobody fetches the URL {code(step.honeypot)}.", (Note(SERVER, "fetches no URL"),))


def _connect(step: s.Connect) -> Told:
    options = {
        name: value
        for name, value in (
            ("token", step.token),
            ("query", dict(step.query)),
            ("origin", step.origin),
            ("headers", dict(step.headers)),
            ("instance", step.instance),
            ("join", list(step.join)),
        )
        if value not in (None, {}, [])
    }
    if step.refused:
        return Told(
            f"{_people([step.who])} connects{_with(options)}, and the server refuses it.",
            (Arrow(step.who, SERVER, "connect"), Arrow(SERVER, step.who, "refuse")),
        )
    return Told(f"{_people([step.who])} connects{_with(options)}.", (Arrow(step.who, SERVER, "connect"),))


def _disconnect(step: s.Disconnect) -> Told:
    how = "drop" if step.drop else "disconnect"
    return Told(
        f"{_people(step.who)} {_verb(step.who, how + 's', how)}{' the TCP connection' * step.drop}.",
        tuple(Arrow(one, SERVER, how) for one in step.who),
    )


def _sync(step: s.Sync) -> Told:
    return Told(f"All earlier frames have arrived at {_people(step.who)} (a barrier).")


def _provision(step: s.Provision) -> Told:
    where = code(step.conversation)
    if step.by is not None:
        wish = f"to be {text(step.role)}" if step.role else "to be removed"
        end = ", and the server refuses it" if step.refused else ""
        short = f"{step.user}: {step.role or 'removed'}"
        back = (Arrow(SERVER, step.by, "refuse"),) if step.refused else ()
        return Told(
            f"{_people([step.by])} asks for {_people([step.user])} {wish} in {where}, through the API{end}.",
            (Arrow(step.by, SERVER, short), *back),
        )
    if step.role is None:
        return Told(f"{_people([step.user])} is removed from {where}.", (Note(SERVER, f"removes {step.user}"),))
    return Told(
        f"{_people([step.user])} becomes {text(step.role)} in {where}.", (Note(SERVER, f"{step.user}: {step.role}"),)
    )


def _pause(step: s.Pause) -> Told:
    inner = ((f"in each of {step.parts} parts", step.steps),) if step.steps else ()
    return Told(f"The time {code(step.timer)} passes.", (Note(SERVER, f"waits {step.timer}"),), inner)


def _restart(_: s.Restart) -> Told:
    return Told("The server is killed and starts again.", (Note(SERVER, "restarts"),))


def _page(step: s.Page) -> Told:
    return Told(
        f"{_people([step.by])} requests page after page by {code(step.frame)}{_with(step.fields)}; "
        f"each reply is {code(step.reply)}{_with(step.pattern)}.",
        (Frame("page after page", (Arrow(step.by, SERVER, step.frame), Arrow(SERVER, step.by, step.reply))),),
    )


def _collect(step: s.Collect) -> Told:
    counts = [
        f"{word} {data(value)}"
        for word, value in (("exactly", step.count), ("at least", step.at_least), ("at most", step.at_most))
        if value is not None
    ]
    return Told(
        f"{_people([step.at])} has received {' and '.join(counts)} {code(step.frame)}{_with(step.pattern)}; they are "
        f"kept as {code(step.into)}.".replace("received  ", "received "),
        (Arrow(SERVER, step.at, f"{step.frame} …"),),
    )


def _check(step: s.Check) -> Told:
    return Told(f"{data(step.value)} matches {code(flat(step.pattern))}.")


def _stop_reading(step: s.StopReading) -> Told:
    return Told(
        f"{_people(step.who)} {_verb(step.who, 'stops', 'stop')} reading.",
        tuple(Note(one, "stops reading") for one in step.who),
    )


def _resume_reading(step: s.ResumeReading) -> Told:
    return Told(
        f"{_people([step.who])} reads again; unless the server has ended the connection:",
        (Note(step.who, "reads again"),),
        (("unless the server has ended the connection", step.steps),),
    )


def _repeat(step: s.Repeat) -> Told:
    name = f" {code(step.name)}" if step.name else ""
    if step.values:
        values = flat(list(step.values))
        return Told(f"For each{name} of {code(values)}:", (), ((f"for each of {values}", step.steps),))
    counted = f", counted by{name}" if name else ""
    return Told(f"{data(step.times)} times{counted}:", (), ((f"{step.times} times", step.steps),))


def _faster_than(step: s.FasterThan) -> Told:
    limit = f"{step.times} × {step.timer}"
    return Told(
        f"The steps count only if they take less than {code(limit)}:", (), ((f"faster than {limit}", step.steps),)
    )


def _together(step: s.Together) -> Told:
    names = [f"at the same time, {index} of {len(step.branches)}" for index in range(1, len(step.branches) + 1)]
    return Told("At the same time:", (), tuple(zip(names, step.branches, strict=True)))


def _witness(step: s.Witness) -> Told:
    return Told("Only if the server has the features that these steps need:", (), (("witness", step.steps),))


def _control(step: s.Control) -> Told:
    return Told("These steps must succeed; otherwise the scenario is BLOCKED:", (), (("control", step.steps),))


_TELLERS: dict[type[s.Step], Callable[[Any], Told]] = {
    s.Send: _send,
    s.SendRaw: _send_raw,
    s.WsPing: _ws_ping,
    s.Expect: _expect,
    s.ExpectEither: _expect_either,
    s.ExpectClose: _expect_close,
    s.Observe: _observe,
    s.Never: _never,
    s.NeverFetched: _never_fetched,
    s.Connect: _connect,
    s.Disconnect: _disconnect,
    s.Sync: _sync,
    s.Provision: _provision,
    s.Pause: _pause,
    s.Restart: _restart,
    s.Page: _page,
    s.Collect: _collect,
    s.Check: _check,
    s.StopReading: _stop_reading,
    s.ResumeReading: _resume_reading,
    s.Repeat: _repeat,
    s.FasterThan: _faster_than,
    s.Together: _together,
    s.Witness: _witness,
    s.Control: _control,
}
