"""The waivers that need a person, each with a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.text import line
from conformance.results.verdict.waiver_words import complaint

if TYPE_CHECKING:
    from conformance.report.model import Report
    from conformance.results.runlog import Run
    from conformance.results.verdict.model import JudgedWaiver


def red_waivers(report: Report, run: Run) -> list[tuple[JudgedWaiver, str]]:
    """Give each with one line: `w.yaml:12: STALE: …, and what to do`."""
    known = {scenario.entry.id for scenario in report.scenarios}
    return [(one, line(complaint(one, file_of(run), known), 400)) for one in report.waivers if one.red]


def file_of(run: Run) -> str:
    """Name the file of waivers that a run was judged by; empty if there was none."""
    return run.header.waivers.file if run.header.waivers else ""
