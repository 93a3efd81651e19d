"""`chat-parity gate NEW --against OLD`: whether a migration may go on, as an exit code and one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.options import NumberRange, format_option, out_file_option, yes_option
from conformance.cli.output import emit
from conformance.cli.sides import is_server, read_or_run
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.compare import compare
from conformance.compare.decision import VIEWS
from conformance.compare.gate import Terms, decide
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.files.formats import Formats
from conformance.results.load.file import read_load
from conformance.results.runlog import read_run
from conformance.results.waivers.file import read_waivers

if TYPE_CHECKING:
    from datetime import date

    from conformance.compare import Comparison
    from conformance.results.load.record import LoadRecord
    from conformance.results.runlog import Run

_NEW = Path("reports") / "compared" / "new"
"""Where the run of a server is kept."""


@click.command()
@click.argument("new")
@click.option("--against", "old", required=True, type=click.Path(path_type=Path), help="The recorded run of OLD.")
@click.option("--waivers", type=click.Path(path_type=Path), help="Known failures of NEW (default: those of its run).")
@click.option("--level", type=click.Choice(["must"]), help="Only must rules count (default: should rules as well).")
@click.option("--without", multiple=True, metavar="FEATURE", help="This feature does not count (id or number).")
@click.option("--spec-changed", is_flag=True, help="Scenarios that changed in the spec, or left it, do not count.")
@click.option(
    "--max-p99-ratio",
    type=NumberRange(1),
    metavar="RATIO",
    help="No 99th percentile of the load beside NEW may be more than this many times that of OLD (see `load`).",
)
@click.option("--any-order", is_flag=True, help="NEW may have been recorded before OLD.")
@click.option("--dry-run", is_flag=True, help="Only say what would be decided: the exit code is 0 whatever it is.")
@yes_option("run against")
@spec_option
@click.option("--verbose", "-v", is_flag=True, help="Every reason, not only ten of each kind.")
@format_option(VIEWS)
@out_file_option()
@click.pass_context
def gate(ctx: click.Context, /, new: str, old: Path, **given: Any) -> None:
    """Say whether the run NEW has lost anything that passed in the run OLD.

    NEW is a run.jsonl, a folder with one, or a server, which is run first. The exit code is 0 only if nothing
    that passed is lost, nothing that was judged is unjudged, and every waiver is valid; 1 for a loss or a waiver that
    is not valid; 2 for a mistake in the usage or in a file; 3 if the runs do not tell. With --dry-run, 1 and 3
    become 0.

    \b
    Examples:
      chat-parity gate reports/new --against reports/old
      chat-parity gate new.yaml --against reports/old --dry-run
      chat-parity gate reports/new --against reports/old --max-p99-ratio 1.5
    """
    recorded = read_run(old)
    spec_folder = spec_folder_of(given["spec_folder"])
    tested = read_or_run(ctx, new, _NEW, yes=given["yes"], spec_folder=spec_folder)
    tested = _judged_today(tested, given["waivers"], datetime.now(UTC).date(), spec_folder)
    _check(recorded, tested, any_order=given["any_order"])
    limit = given["max_p99_ratio"]
    loads = (None, None) if limit is None else _loads(old, new, spec_folder)
    comparison = compare(recorded, tested, loads=loads)
    without = _features(given["without"], comparison)
    terms = Terms(given["level"] == "must", without, given["spec_changed"], limit)
    decision = decide(comparison, terms)
    emit(VIEWS[given["form"]](decision, comparison, verbose=given["verbose"]), given["out"])
    ctx.exit(0 if given["dry_run"] else decision.exit_code)


def _judged_today(run: Run, file: Path | None, today: date, spec: Path) -> Run:
    """Judge a run by the waivers of a file, or by its own, on the day of the decision: they may have expired since."""
    waivers = run.header.waivers
    if file is not None:
        waivers = read_waivers(file, Formats(spec / "formats")["waivers"], today)
    elif waivers is not None:
        waivers = replace(waivers, today=today.isoformat())
    return replace(run, header=replace(run.header, waivers=waivers))


def _loads(old: Path, new: str, spec: Path) -> tuple[LoadRecord, LoadRecord]:
    """Read the loads beside the two runs; raises BadFile if there is none."""
    folders = (old, _NEW if is_server(new) else Path(new))
    form = Formats(spec / "formats")["load"]
    one, another = (read_load(place if place.is_dir() else place.parent, form) for place in folders)
    return one, another


def _check(old: Run, new: Run, *, any_order: bool) -> None:
    if old.header.run == new.header.run:
        raise UsageError("NEW and --against name the same run")
    if old.header.moment > new.header.moment and not any_order:
        moments = f"NEW ({new.header.started}) was recorded before OLD ({old.header.started})"
        raise UsageError(f"{moments}; swap the two, or say --any-order")


def _features(words: tuple[str, ...], comparison: Comparison) -> frozenset[str]:
    known = {name: one.id for one in comparison.features for name in (one.id, str(one.number))}
    for word in words:
        if word not in known:
            meant = did_you_mean(word, known, "; `chat-parity list features` shows them")
            raise UsageError(f"there is no feature {word!r}{meant}")
    return frozenset(known[word] for word in words)
