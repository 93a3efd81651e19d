"""Shows the progress of a run: one live line on a terminal, a line per result elsewhere, failures at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
from rich.progress import Progress as Bar

from conformance.report.slow_line import slow_line
from conformance.report.terminal import is_live, result_line
from conformance.results.model import Calibration, Observation, Outcome, Result

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 60
"""Columns below which the live line has no bar."""

_WELL = (Outcome.PASS, Outcome.NOT_APPLICABLE)


class Progress:
    """Takes every record of a run; a context manager, so that the live line goes away at the end.

    `live`: one line is drawn again and again; None asks the console. Otherwise every result has a line, or only those
    that are not well (`failures_only`).
    """

    def __init__(
        self,
        console: Console,
        total: int,
        time_scale: float = 1.0,
        *,
        failures_only: bool = False,
        live: bool | None = None,
    ) -> None:
        self._console = console
        self._time_scale = time_scale
        self._live = is_live(console) if live is None else live
        self._quiet = self._live or failures_only
        self._wrong = 0
        bar: list[ProgressColumn] = [BarColumn()] if console.width >= NARROW else []
        said = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[wrong]}", style="red")
        self._bar = Bar(*said, *bar, MofNCompleteColumn(), console=console, transient=True)
        self._task = self._bar.add_task("calibrating", total=total, wrong="")

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._bar.stop()

    def take(self, record: Calibration | Result | Observation) -> None:
        """Show one record."""
        if isinstance(record, Calibration):
            self._bar.update(self._task, description="running")
            said = slow_line(record, self._time_scale)
            if said:
                self._console.print(f"Note: {said}", soft_wrap=not self._live, highlight=False, markup=False)
        elif isinstance(record, Observation):
            self._bar.update(self._task, description="observing")
        else:
            self._take(record)

    def _take(self, result: Result) -> None:
        wrong = result.outcome not in _WELL
        self._wrong += wrong
        said = f"{self._wrong} not well" if self._wrong else ""
        if self._bar.tasks[0].finished:  # A retry comes on top.
            self._bar.update(self._task, total=(self._bar.tasks[0].total or 0) + 1)
        self._bar.update(self._task, advance=1, wrong=said)
        if wrong or not self._quiet:
            # A narrow terminal breaks the line between words; a pipe gets the whole line.
            self._console.print(result_line(result), soft_wrap=not self._live, highlight=False)
