"""The command: `python -m tests.bench` measures the suite against the reference server and prints the figures."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome, Result
from conformance.spec import find, load
from conformance.spec.messages import Message
from conformance.target.embedded import embedded
from conformance.target.provision import open_provisioner
from conformance.wire import connection, frames
from tests.bench.by_hand import TESTS, Room
from tests.bench.replay import replay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.spec.messages import Violation

ROUNDS = 5
"""Interleaved rounds of the paired measurements; the fastest of each is compared."""

SAMPLE = 5000
"""Frames on which the two validators are compared."""


OTHERS = ("commits", "delivery", "keepalive", "paging")
"""What measures something else than the speed of the suite, by the first argument."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every measurement; 1 when something did not pass, and its time says nothing."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in OTHERS:
        measure: Callable[[Sequence[str]], int] = importlib.import_module(f"tests.bench.{arguments[0]}").main
        return measure(arguments[1:])
    command = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    command.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"default: {ROUNDS}")
    command.add_argument("--only", action="append", default=[], metavar="GLOB", help="these instead of the whole suite")
    options = command.parse_args(arguments)
    spec = load(find())
    scenarios = select(spec, Selection(patterns=tuple(options.only)))
    asyncio.run(_small(spec, options.rounds))
    wrong = asyncio.run(_suite(spec, scenarios))
    for one in wrong:
        print(one.outcome, one.scenario, *(problem.message for problem in one.problems), file=sys.stderr)
    return 1 if wrong else 0


async def _small(spec: Spec, rounds: int) -> None:
    """Ten scenarios: as scenarios, by hand, and as bare frames, in turn on one server."""
    async with embedded(spec) as (target, _), open_provisioner(target, spec.protocol.default_role) as provisioner:
        calibration = await calibrate(spec, target, provisioner, 1.0)
        run_context = RunContext(spec, target, calibration, provisioner, Pacer(spec, target))
        scenarios = [spec.scenarios[name] for name in TESTS]
        recorded: dict[str, Result] = {}

        async def as_scenarios() -> None:
            for one in scenarios:
                result = await run_scenario(one, run_context)
                assert result.outcome is Outcome.PASS, result.problems
                recorded[one.id] = result

        async def by_hand() -> None:
            for test in TESTS.values():
                async with AsyncExitStack() as stack:
                    await test(Room(target, provisioner, stack))

        async def bare() -> None:
            for one in scenarios:
                await replay(one, recorded[one.id], target, provisioner)

        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "as scenarios": as_scenarios,
            "by hand, pytest-asyncio style": by_hand,
            "the same frames, bare client": bare,
        }
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                await way()
                best[name] = min(best[name], time.perf_counter() - began)
    print(f"\n{len(TESTS)} scenarios, one after the other (best of {rounds} interleaved rounds)")
    for name, seconds in best.items():
        ratio = seconds / best["the same frames, bare client"]
        print(f"  {name:32} {seconds * 1000 / len(TESTS):8.1f} ms a scenario   {ratio:5.2f} × the bare client")


async def _suite(spec: Spec, scenarios: Sequence[Scenario]) -> list[Result]:
    """The suite, one at a time and with the default, and where the time goes; gives what did not pass."""
    checks, reads = _Clock(), _Clock()
    sample: list[tuple[Message, object]] = []
    violations, read = Message.violations, frames.read

    def timed_violations(message: Message, frame: object) -> list[Violation]:
        if len(sample) < SAMPLE:
            sample.append((message, frame))
        with checks:
            return violations(message, frame)

    def timed_read(*given: Any) -> frames.Frame:
        with reads:
            return read(*given)

    Message.violations = timed_violations  # type: ignore[method-assign]
    connection.read = timed_read
    wrong: list[Result] = []
    for jobs in (1, Options().jobs):
        state, count = RunState(), 0
        for clock in (checks, reads):
            clock.seconds = 0.0

        def sink(record: object) -> None:
            nonlocal count
            if isinstance(record, Result):
                count += 1
                if record.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE):
                    wrong.append(record)

        began, used = time.perf_counter(), time.process_time()
        async with embedded(spec) as (target, server):
            options = replace(Options(), jobs=jobs, probes=False)
            await run(spec, target, scenarios, (), options, sink, state, server.restart)
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        together = state.phases["together"]
        shared = sum(not one.exclusive for one in scenarios)
        print(f"\nthe suite, --jobs {jobs}: {count} scenario cases in {seconds:.1f} s, harness CPU {cpu:.1f} s")
        print(f"  phases {state.phases}; {shared / together:.0f} scenarios a second in the shared phase")
        for name, clock in (("reading frames, checks included", reads), ("schema checks alone", checks)):
            print(f"  {name:32} {clock.seconds:6.2f} s   {clock.seconds / cpu:6.1%} of the harness's CPU time")
    _compare_validators(sample)
    return wrong


def _compare_validators(sample: list[tuple[Message, object]]) -> None:
    """Check the same frames with the compiled validator and with jsonschema."""
    began = time.perf_counter()
    for message, frame in sample:
        message._compiled.is_valid(frame)
    compiled = time.perf_counter() - began
    began = time.perf_counter()
    for message, frame in sample:
        message._explaining.is_valid(frame)
    pure = time.perf_counter() - began
    print(f"\n{len(sample)} frames of the run: compiled {compiled / len(sample) * 1e6:.1f} µs a frame,", end=" ")
    print(f"jsonschema {pure / len(sample) * 1e6:.1f} µs, {pure / compiled:.0f} ×")


class _Clock:
    """Adds up the seconds of its bodies."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began


if __name__ == "__main__":
    sys.exit(main())
