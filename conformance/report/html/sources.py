"""The files of failing scenarios on the page, as the log has them: whole, or the part around the failing lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.text import fit, line, visible
from conformance.results.runlog.sources import MOST_LINES

if TYPE_CHECKING:
    from conformance.results.runlog import Run

LONGEST_PATH = 400

LONGEST_LINE = 300
"""The most characters of one line of a file; nothing that a person wrote has longer ones."""

MOST_CHARACTERS = 300_000
"""Of all files of a page together, whatever a log has; what comes later is left out."""


def sources(run: Run) -> dict[str, tuple[int, str]]:
    """Give each file by the name that problems have for it: the number of its first line, and its lines."""
    found: dict[str, tuple[int, str]] = {}
    left = MOST_CHARACTERS
    for file, one in (run.footer.sources if run.footer else {}).items():
        lines = one.text.split("\n", MOST_LINES)[:MOST_LINES]
        text = "\n".join(visible(fit(each, LONGEST_LINE)) for each in lines)
        left -= len(text) + LONGEST_PATH
        if left < 0:
            break
        found[line(file, LONGEST_PATH)] = (one.start, text)
    return found
