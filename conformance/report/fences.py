"""Puts any text into Markdown so that it stays text: cells that end no table, fences that nothing inside closes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.report.text import LONGEST, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What can start something in the middle of a line; a cell never begins one, so list and heading marks are harmless.
# `://` and `www.` are here because GitHub makes links of bare addresses, `$` because it reads mathematics.
_ACTIVE = re.compile(r"[\\`*_\[\]|~$]|:(?=//)|(?<=www)\.")


def cell(text: str, limit: int = LONGEST) -> str:
    """Make a text inert in running text and in a table cell: one line, no markup, shortened with its length."""
    safe = line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ACTIVE.sub(lambda found: f"\\{found[0]}", safe)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a table of ready cells, and an empty line."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def fence(text: str) -> str:
    """Put lines into a code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{text}\n{ticks}\n"
