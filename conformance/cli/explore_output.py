"""What `explore` leaves behind: its lines on the terminal, `explored.jsonl`, and a section in the reports beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.cli.beside import write_reports_again
from conformance.cli.output import emit
from conformance.report.explored import facts, finding_lines, ordered
from conformance.results.explored import NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.results.explored import Exploration


def tell(exploration: Exploration, redact: Callable[[str], str]) -> None:
    """Print each finding with both transcripts, then the numbers."""
    for one in ordered(exploration):
        click.echo(redact("\n".join(finding_lines(one, exploration))))
        click.echo()
    for name, value in facts(exploration):
        click.echo(redact(f"{name}: {value}"))
    for reason, count in sorted(exploration.not_judged.items(), key=lambda one: -one[1])[:3]:
        click.echo(redact(f"not judged: {count} conversations: {reason}"))


def write(exploration: Exploration, folder: Path, redact: Callable[[str], str], spec: Path | None = None) -> None:
    """Write `explored.jsonl`, and the reports again where the folder, which is held, has a recorded run."""
    folder.mkdir(parents=True, exist_ok=True)
    emit("".join(redact(one) + "\n" for one in exploration.lines()), folder / NAME)
    if write_reports_again(folder, spec):
        click.echo(f"the reports in {folder} show the exploration")
