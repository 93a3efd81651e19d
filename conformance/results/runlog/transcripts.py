"""Decides which transcripts a log keeps: a bounded number of those that end in the same way, and of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from conformance.results.causes import cause_of, exchange_cause
from conformance.results.model import Calibration, Entry, Observation, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

ALIKE = 10
"""Transcripts of one cause; those of a hundred scenarios that end in the same way say no more than ten."""

ENTRIES = 20_000
"""Lines of all transcripts of a log together, whatever the server sends."""


Recorded = Calibration | Result | Observation


class Transcripts:
    """Takes the transcripts out of records that a log does without.

    `trace` is which ones it keeps: `fail` those of what did not pass, within these bounds; `all` all; `none` none.
    """

    def __init__(self, trace: str) -> None:
        self._trace = trace
        self._causes: Counter[tuple[str, str]] = Counter()
        self._entries = 0

    @overload
    def bounded(self, record: Result) -> Result: ...

    @overload
    def bounded(self, record: Recorded) -> Recorded: ...

    def bounded(self, record: Recorded) -> Recorded:
        """Give the record as the log keeps it."""
        if isinstance(record, Calibration) or self._trace == "all":
            return record
        if self._trace == "none" or isinstance(record, Observation) or _is_plain(record):
            return replace(record, transcript=(), names={})
        causes = set(_causes(record))
        if all(self._causes[cause] >= ALIKE for cause in causes):
            return _without(record, f"{ALIKE} that ended in the same way have theirs")
        if self._entries + len(record.transcript) > ENTRIES:
            return _without(record, f"the log has {self._entries} lines of others")
        self._causes.update(causes)
        self._entries += len(record.transcript)
        return record


def _is_plain(result: Result) -> bool:
    return result.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE) and not result.findings


def _causes(result: Result) -> Iterator[tuple[str, str]]:
    """Give what decided the outcome after which request, and what was found of each other rule."""
    first = result.problems[0] if result.problems else None
    yield str(result.outcome), exchange_cause(first) if first else ""
    for finding in result.findings:
        yield finding.rule or "", cause_of(finding)


def _without(result: Result, why: str) -> Result:
    note = Entry(0.0, "log", "·", text=f"transcript left out: {why} (`--trace all` keeps all)")
    problems = tuple(replace(one, entry=None) for one in result.problems)
    findings = tuple(replace(one, entry=None) for one in result.findings)
    return replace(result, transcript=(note,), names={}, problems=problems, findings=findings)
