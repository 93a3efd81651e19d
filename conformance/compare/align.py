"""One scenario in both runs, line by line: what each client sent and saw, without what differs in every run.

Ids become the names that the scenario gave them, other UUIDs ⟨id⟩, instants ⟨time⟩; keys are sorted, milliseconds left
out. Clients are aligned one by one: nothing orders what reaches different clients.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from conformance.report.text import WIDEST, line, named, payload
from conformance.results.status import FAILING, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.compare.model import Comparison, Side
    from conformance.results.model import Entry, Result
    from conformance.results.verdict import JudgedScenario

MOST_LINES = 400
"""The most lines of one client that are aligned; matching takes the square of it."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class AlignedLine:
    """One line of both transcripts; None: this side has no such line. `same`: equal after all replacements."""

    old: str | None
    new: str | None
    same: bool


@dataclass(frozen=True, slots=True)
class AlignedClient:
    """What one client sent and saw in both runs; `left_out` lines are more than are aligned."""

    who: str
    lines: tuple[AlignedLine, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Alignment:
    """A scenario in both runs; `why` says why nothing can be aligned (then there are no clients)."""

    scenario: str
    clients: tuple[AlignedClient, ...]
    why: str = ""


def align(comparison: Comparison, scenario: str) -> Alignment:
    """Align a scenario in both runs, by the first attempt with the scenario's outcome; raises KeyError."""
    pair = next((one for one in comparison.scenarios if one.id == scenario), None)
    if pair is None:
        raise KeyError(scenario)
    old, new = _transcript(pair.old, comparison.old), _transcript(pair.new, comparison.new)
    missing = [name for name, lines in (("OLD", old), ("NEW", new)) if not lines]
    if missing:
        which = " and ".join(missing)
        return Alignment(scenario, (), f"{which} kept no transcript of it: `chat-parity run … --trace all` keeps them")
    return Alignment(scenario, tuple(_client(who, old, new) for who in dict.fromkeys(who for who, *_ in (*old, *new))))


def align_results(old: Result, new: Result, discriminator: str) -> Alignment:
    """Align the transcripts of two results that no recorded run holds."""
    before, after = (list(_lines(one, discriminator)) for one in (old, new))
    everybody = dict.fromkeys(who for who, _ in (*before, *after))
    return Alignment(old.scenario, tuple(_client(who, before, after) for who in everybody))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as shown (cut) and as compared (whole)."""

    text: str
    key: str


def _transcript(scenario: JudgedScenario | None, side: Side) -> list[tuple[str, _Line]]:
    if scenario is None or not scenario.results:
        return []
    raw = Status.FAIL if scenario.status in FAILING else scenario.status
    alike = [result for result in scenario.results if str(result.outcome) == str(raw)]
    return list(_lines(alike[0], side.run.header.spec.messages.discriminator)) if alike else []


def _lines(result: Result, discriminator: str) -> Iterator[tuple[str, _Line]]:
    for entry in result.transcript:
        names = {**_found(entry.frame), **result.names}
        yield entry.who, _Line(_text(entry, names, discriminator), _key(entry, names))


def _found(value: Any) -> dict[str, str]:
    """Name the ids and instants of a frame that have no name yet."""
    if isinstance(value, str):
        return {value: "id"} if _UUID.fullmatch(value) else {value: "time"} if _INSTANT.fullmatch(value) else {}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text: name for item in inner for text, name in _found(item).items()}


def _text(entry: Entry, names: Mapping[str, str], discriminator: str) -> str:
    if entry.frame is None:
        return f"{line(entry.way)} {line(named(entry.text, names), WIDEST)}"
    frame = _sorted(entry.frame)
    kind = frame.pop(discriminator, None)
    shown = payload(frame, names)
    return f"{line(entry.way)} {line(kind, 40)}  {shown}" if isinstance(kind, str) else f"{line(entry.way)} {shown}"


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _key(entry: Entry, names: Mapping[str, str]) -> str:
    if entry.frame is None:
        return f"{entry.way} {named(entry.text, names)}"
    return f"{entry.way} {json.dumps(_renamed(entry.frame, names), sort_keys=True)}"


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return [names[value]] if value in names else named(value, names)  # a list, so that no text can imitate one
    if isinstance(value, dict):
        return {named(key, names): _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _client(who: str, old: Sequence[tuple[str, _Line]], new: Sequence[tuple[str, _Line]]) -> AlignedClient:
    sides = [[text for name, text in side if name == who] for side in (old, new)]
    before, after = (side[:MOST_LINES] for side in sides)
    left_out = max(len(side) - MOST_LINES for side in sides)
    matcher = SequenceMatcher(None, [one.key for one in before], [one.key for one in after], autojunk=False)
    lines: list[AlignedLine] = []
    for tag, start, end, begin, stop in matcher.get_opcodes():
        for one, another in zip_longest(before[start:end], after[begin:stop]):
            shown = (one.text if one else None), (another.text if another else None)
            lines.append(AlignedLine(*shown, same=tag == "equal"))
    return AlignedClient(who, tuple(lines), max(left_out, 0))
