"""`chat-parity load [TARGET] [--against OLD]`: run the scenarios as traffic, and measure how long the server takes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.load_record import make_record, write
from conformance.cli.output import emit
from conformance.cli.recording import slug
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import open_target
from conformance.cli.waiting import Duration
from conformance.engine.load.job import Job, Shape
from conformance.engine.load.mix import Mix, read_weights, suitable
from conformance.engine.load.rehearse import Rehearsed, rehearse
from conformance.engine.load.run import Load, open_side, run_load
from conformance.engine.load.swarm import import_locust
from conformance.errors import TargetUnreachable, UsageError
from conformance.files.folder_lock import exclusive
from conformance.report.load.text import render, render_pair
from conformance.results.load.file import read_load
from conformance.results.load.ratio import differing_options, nothing_compared, slower
from conformance.spec import load as load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.engine.context.run_context import RunContext
    from conformance.results.load.record import LoadRecord
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

EVERY = 10.0
"""Seconds between two lines of progress."""


@dataclass(slots=True)
class _Side:
    """One target of a load: what was rehearsed and run on it, and the record once it is over."""

    place: str | None
    folder: Path
    rehearsed: Rehearsed = field(default_factory=Rehearsed)
    load: Load = field(default_factory=Load)
    record: LoadRecord | None = None


@click.command()
@click.argument("target", required=False)
@click.option(
    "--against",
    metavar="OLD",
    help="The old server: a target file or URL, which gets the same load first, or load.json.",
)
@click.option(
    "--users", type=click.IntRange(1, 100_000), help="Users at once (default: 10; with --rate the most: 200)."
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 100_000, min_open=True),
    help="Begin this many scenarios a second, however slow the server is (default: each user runs without a pause).",
)
@click.option("--ramp", type=Duration(), default="10s", show_default=True, help="Grow to the full load in this time.")
@click.option("--duration", type=Duration(), default="60s", show_default=True, help="How long, with the ramp: 60s, 5m.")
@click.option("--mix", multiple=True, metavar="FEATURE=WEIGHT,…", help="What is run (default: all features alike).")
@click.option("--seed", type=click.IntRange(0), help="Repeat what an earlier load drew (default: random).")
@click.option(
    "--max-p99-ratio",
    "limit",
    type=click.FloatRange(0, min_open=True),
    metavar="RATIO",
    help="With --against: fail if a 99th percentile is more than this many times the old one.",
)
@click.option(
    "--bystanders/--no-bystanders", default=False, help="Connect bystanders in every scenario (default: off)."
)
@click.option(
    "--time-scale", type=click.FloatRange(0.1, 100), default=1.0, show_default=True, help="Stretch every wait."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write here (default: reports/TARGET).")
@click.option("--yes", is_flag=True, help="Also load a target that is protected.")
@spec_option
@click.pass_context
def load(ctx: click.Context, /, target: str | None, **given: Any) -> None:
    """Run the scenarios as traffic, and measure how long the server takes for replies and for events to others.

    TARGET is a target file or a ws:// URL; without one, the command starts and loads the reference server. First each
    scenario runs once; what does not pass without load is left out. Every scenario under load is judged as under
    `run`. The command writes load.json and load.csv.

    \b
    Examples:
      chat-parity load staging.yaml --users 50 --duration 5m
      chat-parity load staging.yaml --rate 20 --mix send_message=5,fetch_history=1
      chat-parity load new.yaml --against old.yaml --max-p99-ratio 1.5

    Exit codes: 0 nothing failed; 1 a scenario failed under load, or a threshold is exceeded; 2 a mistake in the usage
    or in a file; 3 nothing could be judged, or the load ended early; 4 chat-parity itself failed.
    """  # noqa: D301 -- click's mark
    if given["limit"] is not None and given["against"] is None:
        raise click.UsageError("--max-p99-ratio compares with an old server: name it with --against")
    shape = _shape(given)
    spec = load_spec(spec_folder_of(given["spec_folder"]))
    weights = read_weights(given["mix"], spec)
    chosen = [one for one in spec.scenarios.values() if weights.get(one.feature) and suitable(one)]
    if not chosen:
        raise UsageError("the mix has no scenario that can be traffic: they all need the server for themselves")
    import_locust()
    recorded = _recorded(given["against"], spec)
    given["seed"] = given["seed"] if given["seed"] is not None else secrets.randbelow(1 << 32)
    sides: list[_Side] = []
    interrupted = False
    with contextlib.ExitStack() as held:
        try:
            asyncio.run(_load(spec, target, given, shape, weights, chosen, sides, held, recorded))
        except KeyboardInterrupt:
            if not any(side.record for side in sides):
                raise
            interrupted = True
    ctx.exit(_end(sides, recorded, given["limit"], interrupted=interrupted))


def _shape(given: Mapping[str, Any]) -> Shape:
    users = given["users"] or (10 if given["rate"] is None else 200)
    if given["duration"] <= 0:
        raise click.UsageError("--duration must be longer than 0 s")
    if given["ramp"] > given["duration"]:
        raise click.UsageError(f"--ramp ({given['ramp']:g} s) is longer than --duration ({given['duration']:g} s)")
    return Shape(users, given["rate"], given["ramp"], given["duration"])


def _recorded(against: str | None, spec: Spec) -> LoadRecord | None:
    """Read the old load, if `--against` names one; None: it names a server, or nothing."""
    if against is None or "://" in against or against.endswith((".yaml", ".yml")):
        return None
    return read_load(Path(against), spec.formats["load"])


async def _load(
    spec: Spec,
    place: str | None,
    given: Mapping[str, Any],
    shape: Shape,
    weights: Mapping[str, float],
    chosen: Sequence[Scenario],
    sides: list[_Side],
    held: contextlib.ExitStack,
    recorded: LoadRecord | None,
) -> None:
    """Open the targets, the new one last; rehearse on all of them, then load one after the other."""
    async with contextlib.AsyncExitStack() as stack:
        opened: list[tuple[_Side, RunContext]] = []
        both = given["against"] is not None and recorded is None
        for name in (given["against"], place) if both else (place,):
            target, _ = await stack.enter_async_context(open_target(name, spec, yes=given["yes"]))
            side = open_side(spec, target, given["time_scale"], bystanders=given["bystanders"])
            run_context = await stack.enter_async_context(side)
            opened.append((_Side(name, Path("reports") / slug(target.name)), run_context))
        new = opened[-1][0]
        new.folder = given["out"] or new.folder
        if both:
            opened[0][0].folder = new.folder / "against"
        held.enter_context(exclusive(new.folder))
        for side_, run_context in opened:
            click.echo(f"chat-parity: runs {len(chosen)} scenarios once on {run_context.target.name}", err=True)
            await rehearse(chosen, run_context, side_.rehearsed)
        mixed = _in_all([side_.rehearsed for side_, _ in opened])
        if not mixed:
            raise TargetUnreachable(_nothing_passes(opened))
        for side_, run_context in opened:
            job = Job(
                Mix.of(mixed, weights),
                shape,
                given["seed"],
                spec.digest,
                side_.rehearsed.known,
                given["time_scale"],
                given["bystanders"],
            )
            sides.append(side_)
            await _run_side(side_, job, run_context, weights)


async def _run_side(side: _Side, job: Job, run_context: RunContext, weights: Mapping[str, float]) -> None:
    """Run one load, with a line of progress now and then, and write its record, also if it is interrupted."""
    telling = asyncio.create_task(_tell(run_context.target.name, side.load))
    reason = "interrupted"
    try:
        await run_load(job, run_context, side.load)
        reason = side.load.stopped
    finally:
        telling.cancel()
        side.record = make_record(side.load, job, run_context, side.place, weights, side.rehearsed.left_out, reason)
        side.record = write(side.record, side.folder, run_context.target.secrets.redact)


async def _tell(name: str, load: Load) -> None:
    """Print a line of progress now and then."""
    while True:
        await asyncio.sleep(EVERY)  # A sleep: the progress is told at intervals.
        tally = load.tally
        failures = tally.failures.total()
        click.echo(
            f"{load.seconds:5.0f} s  {name}: {tally.scenarios} scenarios, {tally.sent.total()} requests, {failures}"
            " failures",
            err=True,
        )


def _in_all(rehearsed: Sequence[Rehearsed]) -> list[Scenario]:
    """Give the scenarios that pass on all targets, and note the others as left out."""
    passed = [{one.id for one in side.passed} for side in rehearsed]
    common = set.intersection(*passed)
    for side, own in zip(rehearsed, passed, strict=True):
        for id_ in sorted(own - common):
            side.left_out[id_] = "it does not pass without load on the other server"
    return [one for one in rehearsed[0].passed if one.id in common]


def _nothing_passes(opened: Sequence[tuple[_Side, RunContext]]) -> str:
    side, run_context = opened[-1]
    first = next(iter(side.rehearsed.left_out.items()), ("", ""))
    return (
        f"no scenario of the mix passes on {run_context.target.name} without load, so a load would say nothing: "
        f"{first[0]}: {first[1]}; `chat-parity run` shows what the server lacks"
    )


def _end(sides: Sequence[_Side], recorded: LoadRecord | None, limit: float | None, *, interrupted: bool) -> int:
    """Print what was measured, and give the exit code."""
    records = [side.record for side in sides if side.record is not None]
    new = records[-1]
    for record in records:
        emit(render(record) + "\n")
    old = recorded or (records[0] if len(records) > 1 else None)
    exceeded = False
    if old is not None:
        differing = differing_options(old, new)
        if differing:
            click.echo(f"chat-parity: warning: the two loads differ in {', '.join(differing)}", err=True)
        emit(render_pair(old, new, limit))
        exceeded = limit is not None and bool(slower(old, new, limit))
    click.echo(f"Load: {sides[-1].folder / 'load.json'}")
    if interrupted or not all(record.complete for record in records):
        reasons = [record.reason for record in records if record.reason]
        return _unjudged(reasons[0] if reasons else "interrupted")
    if new.scenarios.failed or exceeded:
        return 1
    if not new.scenarios.passed:
        return _unjudged("no scenario was judged")
    if old is not None and limit is not None and nothing_compared(old, new):
        return _unjudged("too little was measured to compare: a longer load tells")
    return 0


def _unjudged(why: str) -> int:
    click.echo(f"chat-parity: {why}", err=True)
    return 3
