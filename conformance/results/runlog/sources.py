"""Keeps the files of failing scenarios in a log: a reader of a report may not have the spec that the run had."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.results.model import Outcome, Result
from conformance.results.runlog.records import SourceEntry

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_FILES = 200
MOST_CHARACTERS = 300_000
"""Of all files of a log together; what comes later is left out."""

MOST_LINES = 160
"""The most lines of one file; of a longer one these are around the first failing line."""

BEFORE = 60
"""Lines before the first failing line where a file is cut."""


class Sources:
    """Takes the results of a run, and gives the files that their failures point to."""

    def __init__(self) -> None:
        self._lines: dict[str, set[int]] = defaultdict(set)

    def take(self, record: object) -> None:
        """Remember the file and the line of each problem of a failed scenario."""
        if isinstance(record, Result) and record.outcome is Outcome.FAIL:
            for problem in record.problems:
                self._lines[problem.file].add(problem.line)

    def read(self, read: Callable[[str], str]) -> dict[str, SourceEntry]:
        """Give each file by its name in the log; `read` gives the text of one, and OSError or ValueError skips it."""
        found: dict[str, SourceEntry] = {}
        left = MOST_CHARACTERS
        for file, lines in self._lines.items():
            try:
                entry = _around(read(file), min(lines))
            except (OSError, ValueError):
                continue
            if len(found) < MOST_FILES and len(entry.text) <= left:
                left -= len(entry.text)
                found[file] = entry
        return found


def _around(text: str, line: int) -> SourceEntry:
    lines = text.rstrip("\n").split("\n")
    start = max(0, line - 1 - BEFORE) if len(lines) > MOST_LINES else 0
    return SourceEntry(start + 1, "\n".join(lines[start : start + MOST_LINES]))
