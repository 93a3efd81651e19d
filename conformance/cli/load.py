"""`chat-parity load [TARGET] [--against OLD]`: run the scenarios as traffic, and measure how long the server takes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.load_sides import Side, Wish, load_sides
from conformance.cli.options import NumberRange, out_folder_option, time_scale_option, yes_option
from conformance.cli.output import emit
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import open_target
from conformance.cli.waiting import Duration
from conformance.engine.load.job import Shape
from conformance.engine.load.messages import PORT
from conformance.engine.load.mix import choose_scenarios, read_weights
from conformance.engine.load.swarm import import_locust
from conformance.engine.load.worker import work_for
from conformance.errors import UsageError
from conformance.report.load.text import render, render_pair
from conformance.results.load.file import read_load
from conformance.results.load.ratio import differing_options, nothing_compared, slower, unclear, why_unclear
from conformance.spec import load as load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.results.load.record import LoadRecord
    from conformance.spec import Spec

RAMP = 10.0
"""Seconds in which the load grows if nothing else is asked for; half of a shorter load."""
_ADDRESS = re.compile(r"(\*|[\w.-]+|\[[\da-fA-F:]+\])(?::(\d{1,5}))?")


class Address(click.ParamType):  # type: ignore[type-arg]  # older versions of click, which are allowed, have no type argument
    """A host with or without a port."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Give host and port."""
        if isinstance(value, tuple):
            return value
        found = _ADDRESS.fullmatch(str(value))
        if found is None or int(found[2] or PORT) > 65535:
            self.fail(f"{value!r} is not an address; write for example 10.0.0.5 or 10.0.0.5:5557", param, ctx)
        return found[1].strip("[]"), int(found[2] or PORT)


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
    type=NumberRange(0, 100_000, min_open=True),
    help="Begin this many scenarios a second, however slow the server is (default: each user runs without a pause).",
)
@click.option(
    "--ramp",
    type=Duration(),
    help="Grow to the full load in this time (default: 10s, or half of --duration if that is shorter).",
)
@click.option("--duration", type=Duration(), default="60s", show_default=True, help="How long, with the ramp: 60s, 5m.")
@click.option("--mix", multiple=True, metavar="FEATURE=WEIGHT,…", help="What is run (default: all features alike).")
@click.option("--per-feature", type=click.IntRange(1), default=10, show_default=True, help="Scenarios of each feature.")
@click.option("--seed", type=click.IntRange(0), help="Repeat what an earlier load drew (default: random).")
@click.option(
    "--max-p99-ratio",
    "limit",
    type=NumberRange(1),
    metavar="RATIO",
    help="With --against: fail if a 99th percentile is more than this many times the old one.",
)
@click.option(
    "--bystanders/--no-bystanders", default=False, help="Connect bystanders in every scenario (default: off)."
)
@time_scale_option
@click.option("--workers", type=click.IntRange(1, 1000), metavar="N", help="Share the load among this many processes.")
@click.option(
    "--master",
    is_flag=False,
    flag_value="*",
    type=Address(),
    metavar="[HOST:PORT]",
    help="Wait here for the workers, which run on other machines (default: any address of this one, port 5557).",
)
@click.option("--worker", type=Address(), metavar="HOST[:PORT]", help="Take part in the load of the master there.")
@out_folder_option("reports/TARGET")
@yes_option("load")
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
      chat-parity load staging.yaml --rate 200 --workers 4
      chat-parity load staging.yaml --rate 2000 --workers 40 --master
      chat-parity load staging.yaml --worker 10.0.0.5

    Exit codes: 0 nothing failed; 1 a scenario failed under load, or a threshold is exceeded; 2 a mistake in the usage
    or in a file; 3 nothing could be judged, or the load ended early; 4 chat-parity itself failed.
    """
    _check(given)
    spec = load_spec(spec_folder_of(given["spec_folder"]))
    import_locust()
    if given["worker"] is not None:
        asyncio.run(_work(spec, target, given))
        return
    weights = read_weights(given["mix"], spec)
    chosen = choose_scenarios(spec, weights, given["per_feature"])
    if not chosen:
        raise UsageError("the mix has no scenario that can be traffic: they all need the server for themselves")
    recorded = _recorded(given["against"], spec)
    places = (target,) if given["against"] is None or recorded is not None else (given["against"], target)
    if given["master"] is not None and len(places) > 1:
        raise UsageError("workers on other machines load one server: record the old one first, and name its load.json")
    wish = Wish(
        places=places,
        shape=_shape(given),
        weights=weights,
        chosen=chosen,
        seed=given["seed"] if given["seed"] is not None else secrets.randbelow(1 << 32),
        time_scale=given["time_scale"],
        bystanders=given["bystanders"],
        out=given["out"],
        per_feature=given["per_feature"],
        yes=given["yes"],
        workers=given["workers"],
        master=given["master"],
        words=(
            *(("--spec", str(given["spec_folder"])) if given["spec_folder"] else ()),
            *(("--yes",) if given["yes"] else ()),
        ),
    )
    sides: list[Side] = []
    interrupted = False
    with contextlib.ExitStack() as held:
        try:
            asyncio.run(load_sides(spec, wish, sides, held))
        except KeyboardInterrupt:
            if not any(side.record for side in sides):
                raise
            interrupted = True
    ctx.exit(_end(sides, recorded, given["limit"], interrupted=interrupted))


async def _work(spec: Spec, place: str | None, given: Mapping[str, Any]) -> None:
    host, port = given["worker"]
    async with open_target(place, spec, yes=given["yes"]) as (target, _):
        click.echo(f"chat-parity: a worker of the master at {host}:{port}", err=True)
        await work_for(host, port, spec, target)


def _check(given: Mapping[str, Any]) -> None:
    if given["limit"] is not None and given["against"] is None:
        raise click.UsageError("--max-p99-ratio compares with an old server: name it with --against")
    if given["worker"] is not None and (given["master"] is not None or given["workers"] is not None):
        raise click.UsageError("--worker gets its work from the master; leave out --master and --workers")
    if given["master"] is not None and given["workers"] is None:
        raise click.UsageError("--master waits for workers: say how many, with --workers")
    if given["duration"] <= 0:
        raise click.UsageError("--duration must be longer than 0 s")
    if _ramp(given) > given["duration"]:
        raise click.UsageError(f"--ramp ({given['ramp']:g} s) is longer than --duration ({given['duration']:g} s)")


def _ramp(given: Mapping[str, Any]) -> float:
    return float(min(RAMP, given["duration"] / 2) if given["ramp"] is None else given["ramp"])


def _shape(given: Mapping[str, Any]) -> Shape:
    users = given["users"] or (10 if given["rate"] is None else 200)
    return Shape(users, given["rate"], _ramp(given), given["duration"])


def _recorded(against: str | None, spec: Spec) -> LoadRecord | None:
    """Read the old load, if `--against` names one; None: it names a server, or nothing."""
    if against is None or "://" in against or against.endswith((".yaml", ".yml")):
        return None
    return read_load(Path(against), spec.formats["load"])


def _end(sides: Sequence[Side], recorded: LoadRecord | None, limit: float | None, *, interrupted: bool) -> int:
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
    if old is not None and limit is not None and (doubtful := unclear(old, new, limit)):
        return _unjudged(why_unclear(doubtful))
    if old is not None and limit is not None and nothing_compared(old, new):
        return _unjudged("too little was measured to compare; run a longer load")
    return 0


def _unjudged(why: str) -> int:
    click.echo(f"chat-parity: {why}", err=True)
    return 3
