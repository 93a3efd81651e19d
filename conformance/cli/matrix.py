"""`chat-parity matrix RUN…`: put the recorded runs of many servers into one table."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.options import format_option, out_file_option
from conformance.cli.output import emit
from conformance.compare.matrix import VIEWS, build_matrix
from conformance.compare.matrix.model import MOST
from conformance.results.runlog import read_run


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…", type=click.Path(path_type=Path))
@format_option(VIEWS)
@out_file_option()
def matrix(runs: tuple[Path, ...], form: str, out: Path | None) -> None:
    """Put recorded runs into one table: a column for each RUN (a run.jsonl, or its folder), a row for each feature.

    The exit code is 0 whatever the verdicts are: the command only shows them.

    \b
    Examples:
      chat-parity matrix reports/rust reports/go reports/reference
      chat-parity matrix reports/* --format html --out matrix.html
    """
    if len(runs) > MOST:
        raise click.UsageError(f"a table has at most {MOST} runs, not {len(runs)}")
    emit(VIEWS[form](build_matrix([read_run(run) for run in runs])), out)
