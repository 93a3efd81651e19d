"""The differences between a target's dialect and the protocol: each entry, and whether the run used it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.text import plural
from conformance.results.runlog.records import INSECURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.results.runlog import Run


UNCHECKED = "TLS certificates were not checked, as the target file says"


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One entry of the dialect: its place in the section `dialect:`, the protocol's name and the wire's name.

    `used` says whether any frame of the run used it; None if the run was cut off before it could tell.
    """

    entry: str
    protocol: str
    wire: str
    used: bool | None

    @property
    def word(self) -> str:
        """Give a word for `used`."""
        return "unknown" if self.used is None else "used" if self.used else "never used"


def difference_rows(run: Run) -> tuple[DifferenceRow, ...]:
    """Give the differences of a run, in the order of the target file."""
    used = run.footer.dialect_used if run.footer else None
    return tuple(
        DifferenceRow(one.entry, one.protocol, one.wire, None if used is None else one.entry in used)
        for one in run.header.dialect
    )


def weakness(rows: Sequence[DifferenceRow]) -> str:
    """Say what makes the whole report weaker; empty if nothing does."""
    return UNCHECKED if any(row.entry == INSECURE for row in rows) else ""


def gist(rows: Sequence[DifferenceRow]) -> str:
    """Say in a few words how the target differs; empty if it does not."""
    if not rows:
        return ""
    idle = sum(row.used is False for row in rows)
    more = f", {idle} of them never used in this run" if idle else ""
    return f"{plural(len(rows), 'difference')} from the protocol in names and forms{more}"
