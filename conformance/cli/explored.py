"""What `explore` leaves behind: its lines on the terminal, `explored.jsonl`, and a section in the reports beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.cli.loaded import loaded_beside
from conformance.cli.output import emit
from conformance.errors import BadFile
from conformance.results.explored import NAME, read_explored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.results.explored import Exploration

BAD_FILE = 2
"""The exit code of a command whose `explored.jsonl` cannot be read, if it would be 0."""


def tell(exploration: Exploration, redact: Callable[[str], str]) -> None:
    """Print each finding with both transcripts, then the numbers."""
    from conformance.report.explored import facts, finding_lines, ordered  # noqa: PLC0415 -- `--help` needs none of it

    for one in ordered(exploration):
        click.echo(redact("\n".join(finding_lines(one, exploration))))
        click.echo()
    for name, value in facts(exploration):
        click.echo(redact(f"{name}: {value}"))
    for reason, count in sorted(exploration.not_judged.items(), key=lambda one: -one[1])[:3]:
        click.echo(redact(f"not judged: {count} conversations: {reason}"))


def write(exploration: Exploration, folder: Path, redact: Callable[[str], str]) -> None:
    """Write `explored.jsonl`, and the reports again where the folder, which is held, has a recorded run."""
    folder.mkdir(parents=True, exist_ok=True)
    emit("".join(redact(one) + "\n" for one in exploration.lines()), folder / NAME)
    if not (folder / "run.jsonl").is_file():
        return
    from conformance.report import write_reports  # noqa: PLC0415 -- only a folder with a run has reports
    from conformance.report.links import project_source  # noqa: PLC0415
    from conformance.results.runlog import read_run  # noqa: PLC0415

    try:
        run = read_run(folder, observed=True)
        write_reports(run, folder, project_source(run.header.tool), read_explored(folder), loaded_beside(folder)[0])
    except BadFile as error:
        click.echo(f"chat-parity: the reports in this folder were not changed: {error}", err=True)
    else:
        click.echo(f"the reports in {folder} show the exploration")


def explored_beside(place: Path) -> tuple[Exploration | None, str]:
    """Give the exploration in the folder of a recorded run (a log, or its folder), and what is wrong with its file."""
    try:
        return read_explored(place if place.is_dir() else place.parent), ""
    except BadFile as error:
        return None, str(error)
    except OSError:
        return None, ""  # The reader of the run reports what is wrong with the name.


def complain(*complaints: str) -> bool:
    """Print what is wrong with the files beside a run, one line each; True if there is something."""
    from conformance.report.text import visible  # noqa: PLC0415 -- only a broken file needs it

    for one in filter(None, complaints):
        click.echo(f"chat-parity: {visible(one)}", err=True)
    return any(complaints)
