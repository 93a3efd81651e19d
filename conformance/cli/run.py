"""`chat-parity run [TARGET] [ID …]`: play scenarios against a server and write the parity report."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
import time
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from conformance import __version__
from conformance.cli.progress import Progress
from conformance.cli.redact import redactor
from conformance.cli.targets import open_target
from conformance.report import terminal, write_reports
from conformance.results import Calibration, Observation, Outcome, Result
from conformance.run import Course, Options, Selection, arrange, select
from conformance.run import run as play_all
from conformance.runlog import Footer, Header, RunWriter, read_run
from conformance.runlog.records import (
    FeatureEntry,
    MessagesEntry,
    RuleEntry,
    ScenarioEntry,
    SpecTables,
    TargetEntry,
)
from conformance.spec import find, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.scenario.steps import Scenario
    from conformance.spec import Spec
    from conformance.target import Target


@click.command()
@click.argument("words", nargs=-1, metavar="[TARGET] [ID or glob …]")
@click.option("--feature", "features", multiple=True, help="Only this feature (id or number).")
@click.option("--level", "levels", multiple=True, type=click.Choice(["must", "should"]), help="Only this level.")
@click.option("--rule", "rules", multiple=True, help="Only scenarios of this rule (id or glob); may be repeated.")
@click.option("--jobs", type=click.IntRange(1, 200), default=8, show_default=True, help="Scenarios at a time.")
@click.option("--repeat", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Play each so many times.")
@click.option("--order", default="id", show_default=True, help="id, reverse, or random:SEED.")
@click.option("--max-failures", type=click.IntRange(1), help="Stop after so many failures of must rules.")
@click.option(
    "--time-scale", type=click.FloatRange(0.1, 100), default=1.0, show_default=True, help="Stretch every wait."
)
@click.option(
    "--probes/--no-probes", default=None, help="Observe the probes too (default: when everything is selected)."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write here (default: reports/TARGET).")
@click.option(
    "--trace",
    type=click.Choice(["fail", "all", "none"]),
    default="fail",
    show_default=True,
    help="Transcripts to keep.",
)
@click.option("--failures-only", is_flag=True, help="Print failures, not the table.")
@click.option("--spec", "spec_folder", type=click.Path(path_type=Path, file_okay=False), help="Another spec folder.")
@click.pass_context
def run(ctx: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Play scenarios against a server and write the parity report.

    TARGET is a target file or a ws:// URL; without one the reference server is started and tested. What is played may
    be narrowed by ids and globs. Writes run.jsonl, parity.json and parity.md.
    """
    spec = load(given["spec_folder"] or find())
    place, patterns = _split(words)
    selection = Selection(patterns, given["features"], given["levels"], given["rules"])
    scenarios = select(spec, selection)
    probes = given["probes"] if given["probes"] is not None else selection == Selection()
    options = Options(
        jobs=given["jobs"],
        repeat=given["repeat"],
        order=given["order"],
        max_failures=given["max_failures"],
        time_scale=given["time_scale"],
        probes=probes,
    )
    arrange(scenarios, options.order)
    console = Console(highlight=False)
    try:
        folder = asyncio.run(_run(spec, place, scenarios, options, given["out"], given["trace"], console))
    except KeyboardInterrupt:
        ctx.exit(3)
    recorded = read_run(folder / "run.jsonl")
    report = write_reports(recorded, folder)
    terminal.show(report, recorded, console, failures_only=given["failures_only"])
    console.print(f"Report: {folder / 'parity.md'}", soft_wrap=True, highlight=False)
    ctx.exit(report.exit_code)


def _split(words: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Tell the target from the ids: a URL or a file of target form comes first, if it comes at all."""
    if words and ("://" in words[0] or words[0].endswith((".yaml", ".yml")) or Path(words[0]).is_file()):
        return words[0], words[1:]
    return None, words


async def _run(
    spec: Spec,
    place: str | None,
    scenarios: Sequence[Scenario],
    options: Options,
    out: Path | None,
    trace: str,
    console: Console,
) -> Path:
    began = time.perf_counter()
    course = Course()
    async with contextlib.AsyncExitStack() as stack:
        target, restart = await stack.enter_async_context(open_target(place, spec))
        folder = out or Path("reports") / _slug(target.name)
        writer = stack.enter_context(RunWriter(folder / "run.jsonl", redactor([target.signing.secret])))
        writer.write(_header(spec, target, scenarios, options))
        progress = stack.enter_context(Progress(console, len(scenarios) * options.repeat))
        reason = "the run failed"

        def sink(record: Calibration | Result | Observation) -> None:
            writer.write(_traced(record, trace))
            progress.take(record)

        try:
            probes = spec.probes.values() if options.probes else ()
            await play_all(spec, target, scenarios, probes, options, sink, course, restart)
            reason = course.stopped
        except asyncio.CancelledError:
            reason = "interrupted"
        except BaseException as error:
            reason = f"the run failed: {error}"
            raise
        finally:
            seconds = round(time.perf_counter() - began, 3)
            writer.write(Footer(complete=not reason, reason=reason, seconds=seconds, phases=course.phases))
    return folder


def _traced(record: Calibration | Result | Observation, trace: str) -> Calibration | Result | Observation:
    if isinstance(record, Calibration):
        return record
    plain = (
        isinstance(record, Result) and record.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE) and not record.findings
    )
    if trace == "none" or (trace == "fail" and (plain or isinstance(record, Observation))):
        return replace(record, transcript=(), names={})
    return record


def _header(spec: Spec, target: Target, scenarios: Sequence[Scenario], options: Options) -> Header:
    incoming: dict[str, tuple[str, ...]] = {
        kind: tuple(one.id for one in spec.features.values() if kind in one.incoming) for kind in spec.incoming
    }
    tables = SpecTables(
        digest=spec.digest,
        features=tuple(FeatureEntry(one.number, one.id, one.title) for one in spec.features.values()),
        rules=tuple(
            RuleEntry(one.id, one.level, one.sentence, one.features, _place(one.file, spec), one.line)
            for one in spec.rules.values()
        ),
        scenarios=tuple(
            ScenarioEntry(one.id, one.title, one.feature, one.rules, _place(one.file, spec), one.line)
            for one in spec.scenarios.values()
        ),
        messages=MessagesEntry(incoming, spec.protocol.discriminator),
    )
    return Header(
        run=str(uuid.uuid4()),
        started=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        tool=__version__,
        target=TargetEntry(target.name, target.instances, str(target.file) if target.file else None),
        command=shlex.join(["chat-parity", *sys.argv[1:]]),
        spec=tables,
        selected=tuple(one.id for one in scenarios),
        options=asdict(options),
        profile=dict(target.profile),
    )


def _place(file: Path, spec: Spec) -> str:
    """Name a file of the spec as people do: from the folder that holds the spec."""
    return str(Path("spec") / file.relative_to(spec.folder))


def _slug(name: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in name.lower()).strip("-") or "target"
