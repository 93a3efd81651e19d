"""The result of `explore` as frozen values: written to `explored.jsonl`, and read again for reports.

Each line of the file is one finding, and the last line the exploration as a whole.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, Mistake
from conformance.files.regular_file import open_regular
from conformance.results.runlog.decode import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = "explored.jsonl"
"""The file in the folder of a run, or of an exploration."""

ALONE, BOTH = "alone", "both"
"""Who judges: the frames of one server by themselves, or the comparison of two."""

LINE_LIMIT = 4 << 20
MOST_RECORDS = 10_000
"""The longest line in bytes, and the most lines of a file; `explore` does not write a larger one."""

AGAIN = "explore again, or remove the file"


@dataclass(frozen=True, slots=True)
class SideLine:
    """A line of both transcripts; None: this side has no such line."""

    tested: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class Client:
    """What one client sent and saw on both servers: `differs` is the first line that differs (None: none does).

    `earlier` lines are left out before the first one that is here.
    """

    who: str
    lines: tuple[SideLine, ...]
    differs: int | None = None
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: what is wrong after which request, by which judge (`alone` or `both`), and how sure it is.

    `file` is the scenario that runs it again, beside `explored.jsonl` (empty: there is none), and `scenario` says what
    that does. `known` is the reason from a file of waivers. Of a judge `alone`, the lines have only the tested side.
    """

    id: str
    rule: str
    request: str
    difference: str
    judge: str
    explanation: str
    replays: int
    again: int
    steps: int
    steps_before: int
    seconds_to_shrink: float = 0.0
    count: int = 1
    known: str = ""
    tested: Any = None
    other: Any = None
    scenario: str = ""
    file: str = ""
    clients: tuple[Client, ...] = ()

    @property
    def flaky(self) -> bool:
        """Say whether at least one replay did not show it."""
        return self.again < self.replays


@dataclass(frozen=True, slots=True)
class Exploration:
    """A whole exploration: its two servers, what it was asked to do, what it compared, and its findings.

    `place` is how the command named the target (None: the reference server), and `budget` has seconds. `cells` counts
    what was compared: a request with a role, or with a kind of value. `never_reached` names the cells that were not.
    `left_out` maps what the targets could not provide to the reason. `stopped` says why it ended early, if that was not
    somebody's wish. Files of earlier versions do not have the last seven.
    """

    target: str
    against: str
    seed: int
    conversations: int
    requests: int
    parted: int
    seconds: float
    complete: bool
    freed: Mapping[str, int] = field(default_factory=dict)
    not_judged: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[str, int] = field(default_factory=dict)
    never_reached: tuple[str, ...] = ()
    started: str = ""
    place: str | None = None
    budget: float = 0.0
    steps: int = 0
    findings: tuple[Found, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""

    def lines(self) -> Iterator[str]:
        """Give the lines of `explored.jsonl`."""
        summary = asdict(self)
        for one in summary.pop("findings"):
            yield json.dumps({"kind": "finding", **one}, ensure_ascii=False)
        yield json.dumps({"kind": "summary", **summary}, ensure_ascii=False)


def read_explored(folder: Path) -> Exploration | None:
    """Read the `explored.jsonl` of a folder; None: there is none. Raises BadFile with the line, and what to do."""
    path = folder / NAME
    if not path.exists():
        return None
    findings: list[Found] = []
    exploration: Exploration | None = None
    number = 0
    for number, line in _lines(path):
        record = _record(path, number, line)
        if exploration is not None:
            raise _bad(path, number, f"comes after the last line of an exploration: {AGAIN}")
        if isinstance(record, Found):
            findings.append(record)
        else:
            exploration = record
    if exploration is None:
        raise _bad(path, number, f"is the last line, and not the summary of an exploration: it was cut off, {AGAIN}")
    return replace(exploration, findings=tuple({one.id: one for one in findings}.values()))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with open_regular(path) as file:
            number = 0
            while line := file.readline(LINE_LIMIT + 1):
                number += 1
                if len(line) > LINE_LIMIT or number > MOST_RECORDS:
                    raise _bad(path, number, f"is too long: this was not written by `chat-parity explore`, {AGAIN}")
                yield number, line
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is not the name of a file"
        raise _bad(path, 0, f"cannot be read ({why}): {AGAIN}") from None


def _record(path: Path, number: int, line: bytes) -> Found | Exploration:
    try:
        data = json.loads(line)
        kind = data.get("kind") if isinstance(data, dict) else None
        if kind not in ("finding", "summary"):
            raise ValueError("it is neither a finding nor a summary")
        record: Found | Exploration = decode(Found if kind == "finding" else Exploration, data, str(kind))
    except (ValueError, RecursionError) as error:
        raise _bad(path, number, f"is not a line of an exploration ({str(error)[:200]}): {AGAIN}") from None
    return record


def _bad(path: Path, line: int, message: str) -> BadFile:
    return BadFile(Mistake(path, line, message))
