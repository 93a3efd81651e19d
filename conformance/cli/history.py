"""`chat-parity history`: keep recorded runs in a small file, and show how a server changes."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.group import Group
from conformance.cli.options import format_option, out_file_option
from conformance.cli.output import emit
from conformance.compare.history import VIEWS, Store, history_of
from conformance.compare.history.store import KEPT
from conformance.compare.history.trend import features_of, point_of
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.results.runlog import read_run

FILE = Path("reports") / "history.sqlite"

_file = click.option(
    "--file",
    type=click.Path(path_type=Path),
    default=FILE,
    show_default=True,
    help="The history file, or the folder that has `history.sqlite`; a CI job can keep it in its cache.",
)


@click.group(cls=Group)
def history() -> None:
    """Keep recorded runs in a small file, and show how a server changes over time.

    \b
    Examples:
      chat-parity history add reports/staging
      chat-parity history show
    """


@history.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…", type=click.Path(path_type=Path))
@_file
@click.option(
    "--keep",
    type=click.IntRange(1, 1000),
    default=KEPT,
    show_default=True,
    help="How many runs of one server to keep; the oldest are removed.",
)
def add(runs: tuple[Path, ...], file: Path, keep: int) -> None:
    """Add each RUN (a run.jsonl, or the folder that has one) to the history of its server.

    If the history has the run already, nothing changes. The exit code is 0.

    \b
    Examples:
      chat-parity history add reports/staging
    """
    store = Store(_place(file))
    for path in runs:
        run = read_run(path)
        point = point_of(run)
        said = "added" if store.add(point, features_of(run), keep) else "the history has it already"
        click.echo(f"{point.target} {point.started}: {said}")


@history.command()
@_file
@click.option("--target", help="The name of the server (default: the server of the latest run).")
@click.option(
    "--last", type=click.IntRange(1, 1000), default=KEPT, show_default=True, help="How many of the latest runs to show."
)
@format_option(VIEWS)
@out_file_option()
def show(file: Path, target: str | None, last: int, form: str, out: Path | None) -> None:
    """Show the trend of each feature. For each scenario, show its first and last failure and how often it changed.

    \b
    Examples:
      chat-parity history show
      chat-parity history show --format html --out history.html
    """
    store = Store(_place(file))
    known = store.targets()
    if not known or (target is not None and target not in known):
        meant = did_you_mean(target or "", known, "") if known else ""
        raise UsageError(f"the history has no runs{f' of {target!r}' if target else ''}{meant}")
    chosen = target or known[0]
    emit(VIEWS[form](history_of(chosen, store.runs(chosen, last), store.features())), out)


def _place(file: Path) -> Path:
    return file / "history.sqlite" if file.is_dir() else file
