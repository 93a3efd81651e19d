"""`chat-parity report RUN`: show a recorded run again, without a server."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.beside import BAD_FILE, complain, explored_beside, loaded_beside
from conformance.cli.options import format_option
from conformance.cli.output import emit, printer
from conformance.files.folder_lock import exclusive
from conformance.report import FORMATS, build, markdown, terminal, write_reports
from conformance.report.allure import write_allure
from conformance.report.links import project_source
from conformance.results.runlog import read_run

ALLURE = "allure"
"""The format that is a folder of files; all others are one text."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@format_option([*FORMATS, ALLURE], "What is given.")
@click.option("--failures-only", is_flag=True, help="Only what failed, without the table (text and markdown).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write it into this file, and print nothing; of `allure` it is a new folder, by default `allure-results`.",
)
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Also write all the files of a run, here."
)
@click.option(
    "--source-url",
    metavar="URL",
    help="Where the folder that holds spec/ is on the web, for links to scenarios and rules; empty for no links. The "
    "default is the project's repository at the version that made the run.",
)
@click.pass_context
def report(
    ctx: click.Context,
    run: Path,
    form: str,
    failures_only: bool,
    out: Path | None,
    folder: Path | None,
    source_url: str | None,
) -> None:
    """Show the recorded run RUN (a run.jsonl, or the folder that holds one) again, in any form.

    `github` gives annotations for GitHub Actions, `summary` the Markdown of a step's summary, `badge` an SVG, `shields`
    the endpoint JSON of shields.io, and `allure` a folder of results for `allure generate`. The exit code is that of
    the run: 0 as expected, 1 a must rule fails or a feature is MISSING, 3 not everything could be judged.

    \b
    Examples:
      chat-parity report reports/staging --failures-only
      chat-parity report reports/staging --format badge --out parity.svg
      chat-parity report reports/staging --format allure --out allure-results
    """
    if failures_only and form not in ("text", "markdown"):
        raise click.UsageError(f"--failures-only leaves out parts of a page; {form} is always whole")
    if source_url and not source_url.startswith(("https://", "http://")):
        raise click.UsageError(f"--source-url takes an address that begins with https://, not {source_url}")
    recorded = read_run(run, observed=True)
    explored, complaint = explored_beside(run)
    loaded, load_complaint = loaded_beside(run)
    source = project_source(recorded.header.tool) if source_url is None else source_url
    if folder:
        with exclusive(folder):
            judged = write_reports(recorded, folder, source, explored, loaded)
    else:
        judged = build(recorded, source, explored, loaded)
    if form == ALLURE:
        folder = out or Path("allure-results")
        click.echo(f"{write_allure(judged, recorded, folder)} results for Allure: {folder}")
    elif out is not None and out.is_dir():
        raise click.UsageError(f"--out names a file, and {out} is a folder")
    elif form == "text" and out is None:
        terminal.show(judged, recorded, printer(), failures_only=failures_only)
    elif form == "text":
        emit(terminal.render(judged, recorded, failures_only=failures_only), out)
    elif form == "markdown":
        emit(markdown.render(judged, recorded, failures_only=failures_only), out)
    else:
        emit(FORMATS[form](judged, recorded), out)
    ctx.exit(max(judged.exit_code, BAD_FILE) if complain(complaint, load_complaint) else judged.exit_code)
