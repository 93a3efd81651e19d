"""What `explore` and `load` have left in the folder of a recorded run, and the reports that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.cli.spec_folder import spec_folder_of
from conformance.errors import BadFile
from conformance.files.formats import Formats
from conformance.report import write_reports
from conformance.report.links import project_source
from conformance.report.text import visible
from conformance.results.explored import read_explored
from conformance.results.load.file import load_beside
from conformance.results.runlog import read_run

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results.explored import Exploration
    from conformance.results.load.record import LoadRecord

BAD_FILE = 2
"""The exit code of a command whose `explored.jsonl` or `load.json` cannot be read, if it would be 0."""


def explored_beside(place: Path) -> tuple[Exploration | None, str]:
    """Give the exploration in the folder of a recorded run (a log, or its folder), and what is wrong with its file."""
    try:
        return read_explored(_folder(place)), ""
    except BadFile as error:
        return None, str(error)
    except OSError:
        return None, ""  # The reader of the run reports what is wrong with the name.


def has_load(place: Path) -> bool:
    """Tell whether there is a load beside a recorded run (a log, or its folder)."""
    try:
        return (_folder(place) / "load.json").is_file()
    except OSError:
        return False  # The reader of the run reports what is wrong with the name.


def _folder(place: Path) -> Path:
    return place if place.is_dir() else place.parent


def loaded_beside(place: Path, spec: Path | None = None) -> tuple[LoadRecord | None, str]:
    """Give the load beside a recorded run (a log, or its folder), and what is wrong with its file.

    `spec` is the folder of the spec; without it, the one that every verb reads, with the same warning.
    """
    if not has_load(place):
        return None, ""
    try:
        return load_beside(_folder(place), Formats(spec_folder_of(spec) / "formats")["load"]), ""
    except BadFile as error:
        return None, str(error)
    except OSError:
        return None, ""  # The reader of the run reports what is wrong with the name.


def complain(*complaints: str) -> bool:
    """Print what is wrong with the files beside a run, one line each; True if there is something."""
    for one in filter(None, complaints):
        click.echo(f"chat-parity: {visible(one)}", err=True)
    return any(complaints)


def write_reports_again(folder: Path, spec: Path | None = None) -> bool:
    """Write the reports with what is beside the run now; False if the folder has no readable run.

    `spec` is the folder of the spec. The caller holds the lock of `folder`. Raises OSError if a report cannot be
    written.
    """
    if not (folder / "run.jsonl").is_file():
        return False
    try:
        run = read_run(folder, observed=True)
    except BadFile as error:
        complain(f"the reports in this folder were not changed: {error}")
        return False
    explored, complaint = explored_beside(folder)
    loaded, load_complaint = loaded_beside(folder, spec)
    complain(complaint, load_complaint)
    write_reports(run, folder, project_source(run.header.tool), explored, loaded)
    return True
