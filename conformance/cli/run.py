"""`chat-parity run [TARGET] [ID …]`: run scenarios against a server and write the parity report."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from conformance.cli.beside import complain, explored_beside, loaded_beside
from conformance.cli.completing import offering
from conformance.cli.ids import read_ids
from conformance.cli.last_failed import last_failed
from conformance.cli.options import format_option, jobs_option, out_folder_option, time_scale_option, yes_option
from conformance.cli.output import emit, printer
from conformance.cli.progress import Progress
from conformance.cli.recording import make_header, recording, slug
from conformance.cli.renamed import renamed
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import is_scenario_file, open_target, split
from conformance.cli.waiting import Duration, until_let_in
from conformance.engine.run.options import Options, settled
from conformance.engine.run.order import in_order
from conformance.engine.run.run import run as run_all
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.errors import BadFile
from conformance.files.folder_lock import exclusive
from conformance.report import FORMATS, terminal, write_reports
from conformance.report.links import project_source
from conformance.report.text import visible
from conformance.results.model import Result
from conformance.results.runlog import read_run
from conformance.results.waivers.file import read_waivers
from conformance.spec import load
from conformance.spec.added import with_scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.results.model import Calibration, Observation
    from conformance.results.waivers import Waivers
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.target import Target


@click.command()
@click.argument(
    "words",
    nargs=-1,
    metavar="[TARGET] [ID, glob or scenario file …]",
    shell_complete=offering("scenarios", files=True),
)
@click.option(
    "--ids-from",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Only the ids and globs in this file, one per line.",
)
@click.option(
    "--feature",
    "features",
    multiple=True,
    help="Only this feature (id or number).",
    shell_complete=offering("features"),
)
@click.option("--level", "levels", multiple=True, type=click.Choice(["must", "should"]), help="Only this level.")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    help="Only scenarios of this rule (id or glob); may be repeated.",
    shell_complete=offering("rules"),
)
@jobs_option("Scenarios")
@click.option("--onlookers/--no-onlookers", hidden=True, expose_value=False, callback=renamed("--bystanders"))
@click.option(
    "--bystanders/--no-bystanders",
    default=None,
    help="Connect bystanders in every scenario (default: on, except for a target that limits connections per second).",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="How often to run each scenario.",
)
@click.option("--order", default="id", show_default=True, help="id, reverse, or random:SEED.")
@click.option(
    "--retry-failed",
    type=click.IntRange(0, 100),
    default=0,
    metavar="N",
    help="Run what failed up to N more times; what then passes is FLAKY, which is never green.",
)
@click.option("--last-failed", is_flag=True, help="Only what failed, or was not judged, in the last run into --out.")
@click.option(
    "--wait-for", type=Duration(), metavar="TIME", default=0.0, help="Wait until the target lets somebody in: 60s, 5m."
)
@click.option("--max-failures", type=click.IntRange(1), help="Stop after this many failures of must rules.")
@time_scale_option
@click.option(
    "--probes/--no-probes", default=None, help="Observe the probes too (default: when everything is selected)."
)
@out_folder_option("reports/TARGET")
@click.option(
    "--trace",
    type=click.Choice(["fail", "all", "none"]),
    default="fail",
    show_default=True,
    help="Transcripts to keep.",
)
@click.option(
    "--waivers",
    "waivers_file",
    type=click.Path(path_type=Path),
    help="Known failures, which are no reason for exit 1 (default: `waivers` of the target file).",
)
@click.option("--failures-only", is_flag=True, help="Print failures, not the table and what passed.")
@format_option(FORMATS, "What is printed at the end; with another than text, progress goes to standard error.")
@yes_option("run against")
@spec_option
@click.pass_context
def run(ctx: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Run scenarios against a server and write the parity report.

    TARGET is a target file or a ws:// URL; without one, the command starts and tests the reference server. Ids and
    globs select scenarios, and a scenario file adds one. The command writes run.jsonl, and beside it parity.html,
    parity.md, parity.json and junit.xml.

    \b
    Examples:
      chat-parity run                                   # the reference server
      chat-parity run staging.yaml --out reports/staging
      chat-parity run staging.yaml --feature edit_message --level must
      chat-parity run staging.yaml 'edit-message.*' --trace all
      chat-parity run staging.yaml --last-failed
    """
    spec = load(spec_folder_of(given["spec_folder"]))
    gc.freeze()  # The spec lives as long as the run: the collector need not walk through it again and again.
    place, patterns = split(words)
    spec, selection = _selection(patterns, spec, given)
    scenarios = select(spec, selection)
    options = _options(given, is_whole=selection == Selection() and not given["last_failed"])
    in_order(scenarios, options.order)  # raises UsageError before anything is sent
    waivers = _waivers(given["waivers_file"], spec)
    form, failures_only = given["form"], given["failures_only"]
    if failures_only and form != "text":
        raise click.UsageError(f"--failures-only leaves out parts of a page; {form} is always whole")
    console = printer(stderr=form != "text")

    def progress(count: int) -> Progress:
        return Progress(console, count * options.repeat, options.time_scale, failures_only=failures_only)

    with contextlib.ExitStack() as held:
        try:
            folder = asyncio.run(_run(spec, place, scenarios, options, given, progress, waivers, held))
        except KeyboardInterrupt:
            click.echo("\nchat-parity: interrupted", err=True)
            ctx.exit(3)
        recorded = read_run(folder / "run.jsonl")
        explored, complaint = explored_beside(folder)
        loaded, load_complaint = loaded_beside(folder, spec.folder)
        report = write_reports(recorded, folder, project_source(recorded.header.tool), explored, loaded)
    if form == "text":
        terminal.show(report, recorded, console, failures_only=failures_only)
    else:
        emit(FORMATS[form](report, recorded))
    complain(complaint, load_complaint)
    console.print(Text(f"Report: {visible(str(folder / 'parity.html'))}"), soft_wrap=True)
    ctx.exit(report.exit_code)


def _selection(words: Sequence[str], spec: Spec, given: Mapping[str, Any]) -> tuple[Spec, Selection]:
    """Give what the words and options select, and the spec with the scenario files among the words."""
    files = [Path(word) for word in words if is_scenario_file(word)]
    spec, added = with_scenarios(spec, files)
    patterns = (*(word for word in words if Path(word) not in files), *added)
    if given["ids_from"]:
        patterns += read_ids(given["ids_from"], spec)
    return spec, Selection(patterns, given["features"], given["levels"], given["rules"])


def _options(given: Mapping[str, Any], *, is_whole: bool) -> Options:
    """Give the options of the run; `is_whole`: everything is selected, and so the probes are, unless --no-probes."""
    return Options(
        jobs=given["jobs"],
        repeat=given["repeat"],
        retry_failed=given["retry_failed"],
        bystanders=given["bystanders"],
        order=given["order"],
        max_failures=given["max_failures"],
        time_scale=given["time_scale"],
        probes=is_whole if given["probes"] is None else given["probes"],
    )


async def _run(
    spec: Spec,
    place: str | None,
    scenarios: Sequence[Scenario],
    options: Options,
    given: Mapping[str, Any],
    show_progress: Callable[[int], Progress],
    waivers: Waivers | None,
    held: contextlib.ExitStack,
) -> Path:
    began = time.perf_counter()
    state = RunState()
    async with contextlib.AsyncExitStack() as stack:
        target, restart = await stack.enter_async_context(open_target(place, spec, yes=given["yes"]))
        options = settled(options, target)
        folder = given["out"] or Path("reports") / slug(target.name)
        held.enter_context(exclusive(folder))  # until the reports are written
        if given["last_failed"]:
            scenarios = last_failed(folder, scenarios, target.name)
        header = make_header(spec, target, scenarios, options, place, waivers or _waivers(target.waivers, spec))
        stack.push(partial(_report_anyway, folder))
        stack.callback(_tell, state, target, created=place is not None)
        write = stack.enter_context(recording(folder / "run.jsonl", header, target, state, given["trace"], began, spec))
        progress = stack.enter_context(show_progress(len(scenarios)))

        records = 0

        def sink(record: Calibration | Result | Observation) -> None:
            nonlocal records
            records += 1
            write(record)
            progress.take(_without_secrets(record, target))

        probes = spec.probes.values() if options.probes else ()

        async def attempt() -> None:
            state.notes = ()
            await run_all(spec, target, scenarios, probes, options, sink, state, restart)

        def tell(text: str) -> None:
            click.echo(f"chat-parity: {target.secrets.redact(text)}", err=True)

        await until_let_in(attempt, given["wait_for"], lambda: records > 0, tell)
    return folder


def _without_secrets(record: Calibration | Result | Observation, target: Target) -> Calibration | Result | Observation:
    """Remove secrets from what the live lines show."""
    if not isinstance(record, Result):
        return record
    redact = target.secrets.redact
    return replace(record, problems=tuple(replace(one, message=redact(one.message)) for one in record.problems))


def _tell(state: RunState, target: Target, *, created: bool) -> None:
    """Print the notes of the run, without those on data that the command `created` on a server of its own."""
    for note in (*(state.notes if created else ()), *state.remarks):
        click.echo(f"chat-parity: {target.secrets.redact(note)}", err=True)


def _waivers(file: Path | None, spec: Spec) -> Waivers | None:
    return read_waivers(file, spec.formats["waivers"], datetime.now(UTC).date()) if file else None


def _report_anyway(folder: Path, kind: type[BaseException] | None, *_: object) -> None:
    """Write the report of a failed run, so that no earlier report is left beside its log.

    A disk that is full for the log is full for the report: the first error is the one to tell.
    """
    if kind is not None:
        with contextlib.suppress(BadFile, OSError):
            write_reports(read_run(folder / "run.jsonl"), folder)
