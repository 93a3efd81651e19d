"""What `explore` leaves behind: its lines on the terminal, `explored.jsonl`, and a section in the reports beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.cli.beside import write_reports_again
from conformance.cli.output import emit
from conformance.report.explored import facts, finding_lines, ordered
from conformance.results.explored import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conformance.results.explored import Exploration
    from conformance.results.waivers import Waivers

PREFIX = "explored."
"""What the scenario of a finding is called by: this, and the id of the finding."""


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


def known(waivers: Waivers | None, finding: str, rule: str) -> str:
    """Give the reason of the waiver that covers a finding; empty if there is none."""
    entries = waivers.in_force() if waivers is not None else ()
    return next((one.reason for one in entries if one.covers(PREFIX + finding, rule)), "")


def unused(waivers: Waivers, exploration: Exploration) -> Iterator[str]:
    """Say which entries for findings have expired, and which ones cover none of a search that was not cut short."""
    for one in waivers.entries:
        if not one.scenario.startswith(PREFIX):
            continue  # It is about a scenario of `chat-parity run`.
        place = f"{waivers.file}:{one.line}: the waiver for {one.scenario}"
        if one not in waivers.in_force():
            yield f"{place} expired on {one.expires}"
        elif exploration.complete and not any(one.covers(PREFIX + it.id, it.rule) for it in exploration.findings):
            yield f"{place} covers no finding of this search"
