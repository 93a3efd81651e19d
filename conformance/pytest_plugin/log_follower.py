"""Follows the log of a run while it is written, so that the items of one pytest process get their results."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from conformance.results.model import Outcome, Result
from conformance.results.runlog import LINE_LIMIT, Footer, Header, Run, read_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.results.model import Problem

LOG = "run.jsonl"
ENDED = "run.ended"
"""A file beside the log with the stderr of the process that ran the scenarios, written when it has ended."""

POLL_INTERVAL = 0.02
"""Seconds between two reads of a log that does not have the awaited result yet."""


class Following:
    """Reads a growing log; `folder` may have none yet.

    Several processes may follow one log, and all reach the same conclusions: only its order counts.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._ended = folder / ENDED
        self._offset = 0
        self._lines = 0
        self._results: dict[str, Result] = {}
        self._seen: Counter[str] = Counter()
        self._first: dict[tuple[str | None, str], str] = {}
        self._header: Header | None = None
        self._footer: Footer | None = None

    @property
    def run(self) -> Run:
        """Give the part of the run that a view of one result needs."""
        assert self._header is not None  # a result came, and the header comes before all results
        return Run(self._header)

    @property
    def began(self) -> bool:
        """Tell whether any result has come yet."""
        return bool(self._results)

    def result(self, scenario: str) -> Result | None:
        """Wait for the result of a scenario; None: the run is over and has none. Raises BadFile for no log."""
        while True:
            over = self._ended.exists()  # Checked first: everything written before it is read now.
            self._read()
            if self._is_settled(scenario) or self._footer is not None or over:
                return self._results.get(scenario)
            time.sleep(POLL_INTERVAL)  # A poll: the log is a file of another process, which sends no event.

    def _is_settled(self, scenario: str) -> bool:
        """Tell whether no later repetition can change the result."""
        result = self._results.get(scenario)
        wanted = self._header.options.get("repeat", 1) if self._header is not None else 1
        return result is not None and (result.outcome is not Outcome.PASS or self._seen[scenario] >= wanted)

    def ending(self) -> str:
        """Say why the run has no more results, after `result` has given None."""
        if self._footer is not None:
            return self._footer.reason or "the run did not select it"
        said = self._ended.read_text(encoding="utf-8", errors="replace").strip() if self._ended.exists() else ""
        return said or "the run was cut off"

    def charges(self, result: Result) -> Iterator[Problem]:
        """Give the findings that this result is the first to have; each counts once, as in a report."""
        for finding in result.findings:
            if self._first[finding.rule, finding.message] == result.scenario:
                yield finding

    def _read(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while (line := file.readline(LINE_LIMIT + 1)).endswith(b"\n"):
                self._offset += len(line)
                self._lines += 1
                self._take(line)

    def _take(self, line: bytes) -> None:
        record = read_record(self._path, self._lines, line)
        if isinstance(record, Header):
            self._header = record
        elif isinstance(record, Footer):
            self._footer = record
        elif isinstance(record, Result):
            self._seen[record.scenario] += 1
            before = self._results.get(record.scenario)
            if before is None or before.outcome is Outcome.PASS:  # What did not pass once is not green.
                self._results[record.scenario] = record
            for finding in record.findings:
                self._first.setdefault((finding.rule, finding.message), record.scenario)
