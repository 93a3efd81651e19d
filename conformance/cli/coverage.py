"""`chat-parity coverage RUN`: what a recorded run did not exercise."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.options import format_option
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.coverage import measure
from conformance.coverage.render import document, markdown, text
from conformance.files.documents import read_json
from conformance.report.text import as_json
from conformance.results.runlog import read_run
from conformance.spec import load

MOST = 20
"""Names in the one line of what is not covered."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@format_option(["text", "json", "markdown"])
@spec_option
@click.pass_context
def coverage(ctx: click.Context, run: Path, form: str, spec_folder: Path | None) -> None:
    """Say what the recorded run RUN (a run.jsonl, or the folder that holds one) did not exercise.

    Rules, message types, their properties and values, and error codes, each that is missing with its reason. The run
    must have been recorded with --trace all. The exit code is 1 when something is missing for which the spec gives no
    reason (x-never in a message's schema), or 3 if the log does not contain enough to tell.

    \b
    Examples:
      chat-parity coverage reports/staging
      chat-parity coverage reports/staging --format json
    """
    spec = load(spec_folder_of(spec_folder))
    recorded = read_run(run)
    found = measure(recorded, spec, read_json(spec.folder / "messages" / "common.json"))
    if form == "json":
        click.echo(as_json(document(found)), nl=False)
    else:
        click.echo(markdown(found) if form == "markdown" else text(found), nl=False)
    if found.lacking:
        names = [item.name for item in found.lacking]
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        click.echo(f"chat-parity: not covered: {', '.join(names[:MOST])}{more}", err=True)
    ctx.exit(found.exit_code)
