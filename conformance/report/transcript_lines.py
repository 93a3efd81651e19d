"""The lines of a transcript as values: when, who, which way, what; every text visible, ids replaced by their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.text import WIDEST, line, named, payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.results.model import Entry, Problem

_WIDEST_NAME = 24


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One line: `moment` is `3.1 ms`; `kind` is the type of a frame, empty for what is none."""

    moment: str
    who: str
    way: str
    kind: str
    content: str


def transcript_lines(entries: Iterable[Entry], names: Mapping[str, str], discriminator: str) -> list[TranscriptLine]:
    """Give a line for each entry."""
    return [
        TranscriptLine(
            f"{entry.at:.1f} ms", line(entry.who, _WIDEST_NAME), line(entry.way), *_parts(entry, names, discriminator)
        )
        for entry in entries
    ]


def aligned(lines: Sequence[TranscriptLine]) -> list[str]:
    """Put lines below each other, in columns."""
    moment = max((len(one.moment) for one in lines), default=0)
    who = max((len(one.who) for one in lines), default=0)
    kind = max((min(len(one.kind), _WIDEST_NAME) for one in lines), default=0)
    return [
        f"{one.moment.rjust(moment)}  {one.who.ljust(who)} {one.way} "
        + (f"{one.kind.ljust(kind)}  {one.content}" if one.kind else one.content)
        for one in lines
    ]


def offender(problem: Problem, entries: Sequence[Entry]) -> int | None:
    """Give the index of the line that a problem is about, if there is one."""
    return problem.entry if problem.entry is not None and 0 <= problem.entry < len(entries) else None


def fault(problem: Problem) -> str:
    """Say what is wrong with the offending line: that it came at all, or something in it."""
    # Without a step it is a frame that nobody asked for, unless it is charged to a rule by its schema.
    unasked = not problem.step and problem.rule is None
    return "not allowed" if unasked or problem.step.startswith("never") else "here"


def _parts(entry: Entry, names: Mapping[str, str], discriminator: str) -> tuple[str, str]:
    """Split a line of the transcript into the type of its frame, if it has one, and all the rest."""
    if entry.frame is None:
        return "", line(named(entry.text, names), WIDEST)
    kind = entry.frame.get(discriminator)
    if not isinstance(kind, str):
        return "", payload(entry.frame, names)
    return line(kind, 40), payload({key: item for key, item in entry.frame.items() if key != discriminator}, names)
