"""The command: `python -m tests.stability` runs the whole suite again and again, and counts what ends differently.

Each round is a run of its own: a fresh server, an order of its own, and as many busy processes as the machine has
cores. Every scenario has to end as a right server makes it end, each time; whatever does not is a flake.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.results.model import Outcome, Result
from conformance.spec import find, load
from conformance.target.embedded import embedded, launch
from tests.forked import forked
from tests.variants.serve import main as serve_variant
from tests.workers import sigterm_as_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.results.model import Calibration, Observation
    from conformance.spec import Spec

FOLDER = Path("reports") / "stability"
DELAYED = "fan_out_8_ms_later"
KINDS = {
    "one at a time": Options(jobs=1, probes=False),
    "by default": Options(probes=False),
    "in reverse": Options(order="reverse", probes=False),
}
"""Each runs once on the server in order, before the rounds in random order."""


@dataclass(slots=True)
class Tally:
    """What the rounds of one kind gave: scenarios run, seconds, and how often each wrong end was seen."""

    rounds: int = 0
    ran: int = 0
    seconds: float = 0.0
    wrong: Counter[str] = field(default_factory=Counter)

    def take(self, results: Sequence[Result], state: RunState, seconds: float) -> None:
        """Add one round."""
        self.rounds += 1
        self.ran += len(results)
        self.seconds += seconds
        if state.stopped:
            self.wrong[f"the run stopped: {state.stopped}"] += 1
        for one in results:
            for problem in (*one.problems, *one.findings):
                if one.outcome is not Outcome.NOT_APPLICABLE:
                    self.wrong[f"{one.scenario}: {one.outcome}: {problem.message.splitlines()[0]}"] += 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 when no round saw a flake."""
    command = argparse.ArgumentParser(prog="python -m tests.stability", description=__doc__)
    command.add_argument("--rounds", type=int, default=100, help="in random order, on each of the two servers")
    command.add_argument("--seed", type=int, default=1, help="of the first round")
    command.add_argument("--busy", type=int, default=os.cpu_count(), help="processes that keep the cores busy")
    command.add_argument("--server", choices=["in order", "delayed"], action="append", help="only this one")
    command.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER")
    options = command.parse_args(arguments)
    spec = load(find())
    tallies: dict[str, Tally] = {}
    options.out.mkdir(parents=True, exist_ok=True)
    with sigterm_as_ctrl_c(), _busy(options.busy):
        for kind, delayed, how in _rounds(options):
            results, state, seconds = asyncio.run(_round(spec, delayed, how))
            tallies.setdefault(kind, Tally()).take(results, state, seconds)
            print(f"{kind} {tallies[kind].rounds}: {seconds:.0f} s, {sum(tallies[kind].wrong.values())} wrong so far")
            page = "\n".join(_page(tallies, options.busy))
            (options.out / "stability.md").write_text(page + "\n", encoding="utf-8")
    print(f"Report: {options.out / 'stability.md'}")
    return 1 if any(tally.wrong for tally in tallies.values()) else 0


def _rounds(options: argparse.Namespace) -> Iterator[tuple[str, bool, Options]]:
    servers = options.server or ["in order", "delayed"]
    if "in order" in servers:
        yield from ((name, False, how) for name, how in KINDS.items())
    for seed in range(options.seed, options.seed + options.rounds):
        for server in servers:
            yield f"random, {server}", server == "delayed", Options(order=f"random:{seed}", probes=False)


async def _round(spec: Spec, delayed: bool, how: Options) -> tuple[list[Result], RunState, float]:
    """Run everything once against a fresh server."""
    began, state = time.perf_counter(), RunState()
    results: list[Result] = []

    def sink(record: Calibration | Result | Observation) -> None:
        if isinstance(record, Result):
            results.append(record)

    async with embedded(spec, forked(serve_variant, DELAYED) if delayed else launch) as (target, server):
        await run(spec, target, select(spec, Selection()), (), how, sink, state, server.restart)
    return results, state, time.perf_counter() - began


def _page(tallies: dict[str, Tally], busy: int) -> Iterator[str]:
    yield from ("# Stability", "", f"Beside {busy} busy processes on {os.cpu_count()} cores.", "")
    yield "| order and server | rounds | scenarios run | seconds a round | wrong ends | per thousand |"
    yield "|---|---|---|---|---|---|"
    for kind, tally in tallies.items():
        wrong = sum(tally.wrong.values())
        yield (
            f"| {kind} | {tally.rounds} | {tally.ran} | {tally.seconds / tally.rounds:.0f} "
            f"| {wrong} | {1000 * wrong / max(1, tally.ran):.3f} |"
        )
    for kind, tally in tallies.items():
        for said, times in tally.wrong.most_common():
            yield f"\n- {kind}, {times} ×: {said}"


@contextlib.contextmanager
def _busy(processes: int) -> Iterator[None]:
    """Keep this number of cores busy."""
    spinning = [multiprocessing.get_context("fork").Process(target=_spin, daemon=True) for _ in range(processes)]
    for one in spinning:
        one.start()
    try:
        yield
    finally:
        for one in spinning:
            one.kill()


def _spin() -> None:
    while True:
        pass


if __name__ == "__main__":
    sys.exit(main())
