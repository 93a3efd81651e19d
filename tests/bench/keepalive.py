"""What the pings of `keepalive` cost a run: CPU of the harness and of the server with and without them, in turn."""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.results.model import Outcome, Result
from conformance.spec import find, load
from conformance.target.embedded import embedded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

ROUNDS = 3


@dataclass(frozen=True)
class Used:
    """CPU seconds of one run, the server's with its start, and the scenarios that did not pass."""

    harness: float
    server: float
    wrong: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Print the CPU seconds and their ratio; 1 when something did not pass."""
    command = argparse.ArgumentParser(prog="python -m tests.bench keepalive", description=__doc__)
    command.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"default: {ROUNDS}")
    command.add_argument("--only", action="append", default=[], metavar="GLOB", help="these instead of the whole suite")
    options = command.parse_args(arguments)
    spec = load(find())
    scenarios = select(spec, Selection(patterns=tuple(options.only)))
    seen: dict[bool, list[Used]] = {False: [], True: []}
    for number in range(options.rounds):
        for keepalive in (False, True) if number % 2 == 0 else (True, False):  # neither is always the first
            seen[keepalive].append(asyncio.run(_run(spec, scenarios, keepalive=keepalive)))
    print(f"{len(scenarios)} scenarios, CPU seconds, median of {options.rounds} interleaved rounds")
    for name in ("harness", "server"):
        off, on = (statistics.median(getattr(one, name) for one in seen[keepalive]) for keepalive in (False, True))
        print(f"  {name:8} without pings {off:7.2f}   with pings {on:7.2f}   {on / off:5.3f} ×")
    wrong = [one for some in seen.values() for used in some for one in used.wrong]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


async def _run(spec: Spec, scenarios: Sequence[Scenario], *, keepalive: bool) -> Used:
    wrong: list[str] = []

    def sink(record: object) -> None:
        if isinstance(record, Result) and record.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE):
            wrong.append(f"{record.outcome} {record.scenario}")

    before = _of_children()
    async with embedded(spec) as (started, server):
        target = replace(started, keepalive=keepalive)
        used = time.process_time()
        options = replace(Options(), probes=False)
        await run(spec, target, scenarios, (), options, sink, RunState(), server.restart)
        harness = time.process_time() - used
    return Used(harness, _of_children() - before, tuple(wrong))


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
