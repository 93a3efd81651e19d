"""The targets of a load, one after the other: rehearse on each, load each, and write what was measured."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.beside import write_reports_again
from conformance.cli.load_record import make_record, write
from conformance.cli.load_workers import workers_on
from conformance.cli.recording import slug
from conformance.cli.targets import open_target
from conformance.engine.load.job import Job
from conformance.engine.load.master import lead
from conformance.engine.load.mix import Mix
from conformance.engine.load.rehearse import Rehearsed, rehearse
from conformance.engine.load.run import Load, open_side, run_load
from conformance.errors import ChatParityError, TargetUnreachable, UsageError
from conformance.files.folder_lock import exclusive
from conformance.report.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.engine.context.run_context import RunContext
    from conformance.engine.load.job import Shape
    from conformance.results.load.record import LoadRecord
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

EVERY = 10.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for. `places` names the targets, the new one last; None is the reference server.

    `workers` is how many processes share the load (None: this one makes it), and `master` the address on which they
    are awaited (None: they are started here). `words` are the options that workers get as well.
    """

    places: tuple[str | None, ...]
    shape: Shape
    weights: Mapping[str, float]
    chosen: Sequence[Scenario]
    seed: int
    time_scale: float
    bystanders: bool
    out: Path | None
    yes: bool
    per_feature: int
    workers: int | None = None
    master: tuple[str, int] | None = None
    words: tuple[str, ...] = ()


@dataclass(slots=True)
class Side:
    """One target of a load: what was rehearsed and run on it, and the record once it is over."""

    place: str | None
    folder: Path
    rehearsed: Rehearsed = field(default_factory=Rehearsed)
    load: Load = field(default_factory=Load)
    record: LoadRecord | None = None


async def load_sides(spec: Spec, wish: Wish, sides: list[Side], held: contextlib.ExitStack) -> None:
    """Open the targets, rehearse on all of them, then load one after the other; `sides` gets each that has begun."""
    async with contextlib.AsyncExitStack() as stack:
        opened: list[tuple[Side, RunContext]] = []
        for place in wish.places:
            target, _ = await stack.enter_async_context(open_target(place, spec, yes=wish.yes))
            side = open_side(spec, target, wish.time_scale, bystanders=wish.bystanders)
            run_context = await stack.enter_async_context(side)
            opened.append((Side(place, wish.out or Path("reports") / slug(target.name)), run_context))
        new, run_context = opened[-1]
        for old, _ in opened[:-1]:
            old.folder = new.folder / "against"
        if (wish.workers or 1) > 1 and wish.master is None and run_context.provisioner.lasting:
            raise UsageError("the accounts of this target are lent from a list, which several workers cannot share")
        held.enter_context(exclusive(new.folder))
        for side_, run_context in opened:
            name = run_context.target.name
            click.echo(
                f"chat-parity: runs {plural(len(wish.chosen), 'scenario')} once on {name}, without load", err=True
            )
            await rehearse(wish.chosen, run_context, side_.rehearsed)
        mixed = _in_all([side_.rehearsed for side_, _ in opened])
        if not mixed:
            raise TargetUnreachable(_nothing_passes(opened))
        for side_, run_context in opened:
            job = Job(
                Mix.of(mixed, wish.weights),
                wish.shape,
                wish.seed,
                spec.digest,
                side_.rehearsed.known,
                wish.time_scale,
                wish.bystanders,
                wish.workers or 1,
            )
            sides.append(side_)
            await _run_side(side_, job, run_context, wish)


async def _run_side(side: Side, job: Job, run_context: RunContext, wish: Wish) -> None:
    """Run one load, with a line of progress now and then, and write its record, also if it is interrupted."""
    telling = asyncio.create_task(_tell(run_context.target.name, side.load))
    reason = "interrupted"
    try:
        await _run(side, job, run_context, wish)
        reason = side.load.stopped
    except ChatParityError as error:
        reason = str(error)
        raise
    finally:
        telling.cancel()
        choice = {"mix": dict(wish.weights), "per_feature": wish.per_feature}
        side.record = make_record(side.load, job, run_context, side.place, choice, side.rehearsed.left_out, reason)
        side.record = write(side.record, side.folder, run_context.target.secrets.redact)
        write_reports_again(side.folder, run_context.spec.folder)


async def _run(side: Side, job: Job, run_context: RunContext, wish: Wish) -> None:
    if wish.workers is None:
        await run_load(job, run_context, side.load)
    elif wish.master is None:
        started = workers_on(run_context.target, side.place, run_context.spec, wish.workers, wish.words)
        async with started as workers:
            await lead(job, side.load, "127.0.0.1", 0, workers.start, workers.gone)
    else:
        host, port = wish.master
        await lead(job, side.load, host, port, lambda _: _await_workers(job.workers, host, port), lambda: "")


def _await_workers(count: int, host: str, port: int) -> None:
    here = "this machine" if host == "*" else host
    command = f"chat-parity load TARGET --worker {'HOST' if host == '*' else host}:{port}"
    click.echo(f"chat-parity: {here} waits for {plural(count, 'worker')}: on each, `{command}`", err=True)


async def _tell(name: str, load: Load) -> None:
    """Print a line of progress now and then."""
    while True:
        await asyncio.sleep(EVERY)  # A sleep: the progress is told at intervals.
        if not load.seconds:
            continue  # The workers are not ready yet.
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


def _nothing_passes(opened: Sequence[tuple[Side, RunContext]]) -> str:
    side, run_context = opened[-1]
    first = next(iter(side.rehearsed.left_out.items()), ("", ""))
    return (
        f"no scenario of the mix passes on {run_context.target.name} without load, so a load would say nothing: "
        f"{first[0]}: {first[1]}; `chat-parity run` shows what the server lacks"
    )
