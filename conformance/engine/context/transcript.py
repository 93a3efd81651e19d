"""Records what happened in a scenario run, cheaply while it runs and readable afterwards."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from conformance.results.model import Entry

if TYPE_CHECKING:
    from conformance.wire.events import Received

Event = Literal["", "opened", "closed", "raw"]
"""What a line of text is: the beginning or the end of a connection, or a raw message that we sent."""

MAX_ENTRIES = 400
MAX_FRAME = 2000
"""The most characters of one frame that a transcript keeps."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event: its `time.perf_counter`, its connection, its direction, and its content."""

    at: float
    who: str
    way: str
    what: Received | dict[str, Any] | str
    event: Event = ""


@dataclass(slots=True)
class Transcript:
    """The lines of one scenario run."""

    began: float = field(default_factory=time.perf_counter)
    lines: list[Line] = field(default_factory=list)

    def note(
        self, who: str, way: str, what: Received | dict[str, Any] | str, at: float | None = None, event: Event = ""
    ) -> None:
        """Add a line."""
        self.lines.append(Line(time.perf_counter() if at is None else at, who, way, what, event))

    def entries(self, offenders: tuple[Received, ...] = ()) -> tuple[tuple[Entry, ...], dict[int, int]]:
        """Give the readable entries, and for each offender (by `id`) its index among them.

        A long run keeps its end, and every offender.
        """
        wanted = {id(one) for one in offenders}
        first = max(0, len(self.lines) - MAX_ENTRIES)
        kept = [line for index, line in enumerate(self.lines) if index >= first or id(line.what) in wanted]
        indices = {id(line.what): index for index, line in enumerate(kept) if id(line.what) in wanted}
        entries = [
            _with_wire(self._entry(line), line) if id(line.what) in wanted else self._entry(line) for line in kept
        ]
        if first:
            skipped = Entry(at=0.0, who="", way="·", text=f"{first} earlier lines are left out")
            return (skipped, *entries), {one: index + 1 for one, index in indices.items()}
        return tuple(entries), indices

    def _entry(self, line: Line) -> Entry:
        at = round((line.at - self.began) * 1000, 3)
        if isinstance(line.what, str):
            return Entry(at, line.who, line.way, None, _shorten(line.what))
        if isinstance(line.what, dict):
            value: dict[str, Any] | None = line.what
            text = ""
        else:
            value, text = line.what.frame.value, line.what.frame.text
        if value is None:
            return Entry(at, line.who, line.way, None, _shorten(text))
        written = json.dumps(value)
        if len(written) <= MAX_FRAME:
            return Entry(at, line.who, line.way, value, "")
        return Entry(at, line.who, line.way, _shorten_values(value), f"shortened from {len(written)} characters")


def _with_wire(entry: Entry, line: Line) -> Entry:
    """Add the wire's text, if a dialect translated the frame."""
    if isinstance(line.what, str | dict) or line.what.frame.used is None or line.what.frame.type is None:
        return entry
    return replace(entry, wire=_shorten(line.what.frame.text))


def _shorten(text: str, limit: int = MAX_FRAME) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def _shorten_values(value: dict[str, Any]) -> dict[str, Any]:
    """Keep the short fields of a long frame whole, so that a reader can still identify it."""
    shortened: dict[str, Any] = {}
    for key, item in list(value.items())[:30]:
        written = json.dumps(item)
        shortened[_shorten(key, 60)] = item if len(written) <= 200 else _shorten(written, 200)
    return shortened
