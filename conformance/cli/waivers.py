"""`chat-parity waivers check FILE` and `chat-parity waivers update RUN [FILE]`: known failures, written down."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.group import Group
from conformance.cli.options import format_option
from conformance.cli.spec_folder import spec_folder_of
from conformance.errors import UsageError
from conformance.files.documents import read_text
from conformance.files.formats import Formats
from conformance.report import write_file
from conformance.report.text import as_json
from conformance.results.runlog import read_run
from conformance.results.verdict.waiver_update import HEAD
from conformance.results.verdict.waiver_update import update as bring_up_to_date
from conformance.results.waivers.file import read_entries, read_waivers, unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from conformance.files.formats import Format


@click.group(cls=Group)
def waivers() -> None:
    """Check and update waiver files: known failures with a reason, an owner and a last day.

    \b
    Examples:
      chat-parity waivers check waivers.yaml
      chat-parity waivers update reports/staging waivers.yaml
    """


_formatted = format_option()


@waivers.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE …")
@_formatted
def check(files: tuple[Path, ...], form: str) -> None:
    """Find every mistake in files of waivers, with file and line.

    The exit code is 0 if there is none, 1 if an entry has expired, else 2. Only a run can tell whether an entry still
    matches and still fails.

    \b
    Examples:
      chat-parity waivers check waivers.yaml
    """
    today = _today()
    form_of_files = _format()
    found = {file: read_waivers(file, form_of_files, today) for file in files}
    expired = {file: [one for one in read.entries if one.expires < read.today] for file, read in found.items()}
    if form == "json":
        _print(
            {"file": str(file), "waivers": len(found[file].entries), "expired": [asdict(one) for one in over]}
            for file, over in expired.items()
        )
    else:
        for file, over in expired.items():
            for entry in over:
                click.echo(f"{file}:{entry.line}: EXPIRED: the waiver of {entry.scenario} ended on {entry.expires}")
            click.echo(f"{file}: {len(found[file].entries)} waivers")
    click.get_current_context().exit(1 if any(expired.values()) else 0)


@waivers.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@_formatted
def update(run: Path, file: Path | None, form: str) -> None:
    """Rewrite FILE (default: the one that RUN was judged by) to fit the recorded run RUN.

    Removes entries that do not fail any more; keeps the reasons, comments and order of the rest; adds the failures of
    must rules, each with TODO for what a person has to write. Every other verb refuses a file that contains a TODO,
    and the exit code is 1 until there is none.

    \b
    Examples:
      chat-parity waivers update reports/staging
      chat-parity waivers update reports/staging waivers.yaml
    """
    recorded = read_run(run)
    if file is None:
        if recorded.header.waivers is None:
            raise UsageError("the run was judged by no file of waivers; name the one to write")
        file = Path(recorded.header.waivers.file)
    text = read_text(file) if file.exists() else HEAD
    form_of_file = _format()
    done = bring_up_to_date(recorded, text, file, form_of_file, _today().isoformat())
    if done.text != text or not file.exists():
        write_file(file, done.text)
    _, entries = read_entries(file, form_of_file)
    open_ones = [entry for entry in entries if unwritten(entry)]
    if form == "json":
        dropped = [asdict(one.entry) | {"state": one.state} for one in done.dropped]
        added, unknown = ([asdict(one) for one in some] for some in (done.added, open_ones))
        changes = {"dropped": dropped, "added": added, "to_be_written": unknown}
        _print([{"file": str(file), "waivers": len(entries)} | changes])
    else:
        for one in done.dropped:
            click.echo("  ".join(filter(None, ("dropped", one.entry.scenario, one.entry.rule, one.state))))
        for entry in done.added:
            click.echo("  ".join(filter(None, ("added", entry.scenario, entry.rule))))
        click.echo(f"{file}: {len(entries)} waivers, {len(open_ones)} of them still have a TODO")
    click.get_current_context().exit(1 if open_ones else 0)


def _print(documents: Iterable[dict[str, Any]]) -> None:
    click.echo(as_json(list(documents)), nl=False)


def _format() -> Format:
    return Formats(spec_folder_of(None) / "formats")["waivers"]


def _today() -> date:
    return datetime.now(UTC).date()
