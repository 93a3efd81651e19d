"""The files of failing scenarios on the page, as the log has them: whole, or the part around the failing lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.text import line, visible

if TYPE_CHECKING:
    from conformance.results.runlog import Run

LONGEST_PATH = 400


def sources(run: Run) -> dict[str, tuple[int, str]]:
    """Give each file by the name that problems have for it: the number of its first line, and its lines."""
    found = run.footer.sources if run.footer else {}
    return {
        line(file, LONGEST_PATH): (one.start, "\n".join(map(visible, one.text.split("\n"))))
        for file, one in found.items()
    }
