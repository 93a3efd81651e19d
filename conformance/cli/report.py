"""`chat-parity report RUN`: show a recorded run again, without a server."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from conformance.report import build, markdown, parity_json, terminal, write_reports
from conformance.runlog import read_run


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    show_default=True,
    help="What is printed.",
)
@click.option("--failures-only", is_flag=True, help="Only what failed, without the table.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write parity.json and parity.md into this folder.",
)
@click.pass_context
def report(ctx: click.Context, run: Path, form: str, failures_only: bool, out: Path | None) -> None:
    """Show the recorded run RUN (a run.jsonl, or the folder that holds one) again.

    The exit code is that of the run: 0 as expected, 1 a must rule fails, 3 not everything could be judged.
    """
    if failures_only and form == "json":
        raise click.UsageError("--failures-only leaves out parts of a page; parity.json is always whole")
    recorded = read_run(run / "run.jsonl" if run.is_dir() else run)
    judged = write_reports(recorded, out) if out else build(recorded)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A stream that cannot show an arrow shows an escape instead of failing.
        sys.stdout.reconfigure(errors="backslashreplace")
    if form == "json":
        click.echo(parity_json.render(judged), nl=False)
    elif form == "markdown":
        click.echo(markdown.render(judged, recorded, failures_only=failures_only), nl=False)
    else:
        terminal.show(judged, recorded, failures_only=failures_only)
    ctx.exit(judged.exit_code)
