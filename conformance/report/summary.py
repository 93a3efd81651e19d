"""The summary of a CI step: the head and the table of `parity.md`, then failures while there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report import markdown
from conformance.report.failures import failures, unjudged
from conformance.report.fences import fence
from conformance.report.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.report.model import Report
    from conformance.results.runlog import Run

LIMIT = 1_000_000
"""Bytes. GitHub shows nothing at all of a step's summary that has more than 1 MiB, and several steps may share one."""


def render(report: Report, run: Run) -> str:
    """Give the page, failures of must rules first; a line feed at its end."""
    page = "\n".join([*markdown.head(report), *markdown.features(report), *markdown.causes(report, run)])
    found = sorted(failures(report, run), key=lambda one: not one.must)
    blocks = [fence(failure.text) for failure in found]
    page += "\n".join(["\n## Failures\n", *_fitting(blocks, LIMIT - 400 - len(page.encode()))]) if blocks else ""
    silent = len(unjudged(report))
    return page + (f"\n{plural(silent, 'scenario')} could not be judged: see parity.html.\n" if silent else "")


def _fitting(blocks: list[str], room: int) -> Iterator[str]:
    for index, block in enumerate(blocks):
        room -= len(block.encode()) + 1
        if room < 0:
            yield f"… and {plural(len(blocks) - index, 'more failure')}: see parity.html.\n"
            return
        yield block
