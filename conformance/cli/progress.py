"""Shows how a run goes on: one live line on a terminal, a line per result elsewhere; failures as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from conformance.report import progress_line
from conformance.results import Calibration, Observation, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


class Progress:
    """Takes every record of a run, and shows it without secrets.

    A context manager, so that the live line goes away at the end.
    """

    def __init__(self, console: Console, total: int, redact: Callable[[str], str] = str) -> None:
        self._console = console
        self._redact = redact
        self._bar = Bar(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
        )
        self._task = self._bar.add_task("calibrating", total=total)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def take(self, record: Calibration | Result | Observation) -> None:
        """Show one record."""
        if isinstance(record, Calibration):
            self._bar.update(self._task, description="playing")
        elif isinstance(record, Observation):
            self._bar.update(self._task, description="observing")
        else:
            self._bar.advance(self._task)
            wrong = record.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
            if wrong or not self._console.is_terminal:
                self._console.print(self._redact(progress_line(record)), soft_wrap=True, highlight=False, markup=False)
