"""Many scenarios are run: several at a time, repeated, until too many fail."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.results.model import Calibration, Outcome, Result
from tests.conformance.run_contexts import Author, target_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from conformance.results.model import Observation
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


TELL = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
"""


async def everything(
    toys: Spec, server: ChatServer, state: RunState, scenarios: list[Scenario] | None = None, **options: int
) -> list[Result]:
    records: list[Calibration | Result | Observation] = []
    async with server.serving():
        target = target_at(toys, server.url)
        chosen = list(toys.scenarios.values()) if scenarios is None else scenarios
        await run(toys, target, chosen, (), Options(**options), records.append, state)  # type: ignore[arg-type]
    assert isinstance(records[0], Calibration)
    return [one for one in records if isinstance(one, Result)]


class TestRun:
    async def test_gives_a_result_of_each_and_the_exclusive_one_last(self, toys: Spec) -> None:
        state = RunState()
        results = await everything(toys, ChatServer(), state)
        assert {result.scenario for result in results} == toys.scenarios.keys()
        assert {result.outcome for result in results} == {Outcome.PASS}
        assert results[-1].scenario == "toy.alone"
        assert list(state.phases) == ["calibration", "together", "alone", "again"]
        assert (state.stopped, state.failures) == ("", 0)

    async def test_repeats(self, toys: Spec) -> None:
        results = await everything(toys, ChatServer(), RunState(), repeat=3)
        assert sorted((one.scenario, one.attempt) for one in results) == sorted(
            (name, attempt) for name in toys.scenarios for attempt in (1, 2, 3)
        )
        assert [one.scenario for one in results[-3:]] == ["toy.alone"] * 3

    async def test_retries_what_failed_until_it_passes(self, toys: Spec) -> None:
        server = ChatServer("in order", "drop")
        results: list[Result] = []

        def sink(record: Calibration | Result | Observation) -> None:
            if isinstance(record, Result):
                results.append(record)
                server.wrong.clear()  # from now on it is a good one

        async with server.serving():
            chosen = [toys.scenarios["toy.first"], toys.scenarios["toy.second"]]
            options = Options(jobs=1, retry_failed=3)
            await run(toys, target_at(toys, server.url), chosen, (), options, sink, RunState())
        assert [(one.scenario, one.attempt, one.outcome) for one in results] == [
            ("toy.first", 1, Outcome.FAIL),
            ("toy.second", 1, Outcome.PASS),
            ("toy.first", 2, Outcome.PASS),
        ]

    async def test_retries_so_many_times_only(self, toys: Spec) -> None:
        chosen = [toys.scenarios["toy.alone"]]
        results = await everything(toys, ChatServer("in order", "drop"), RunState(), chosen, repeat=2, retry_failed=2)
        assert [(one.attempt, one.outcome) for one in results] == [(n, Outcome.FAIL) for n in (1, 2, 3, 4)]

    async def test_stops_after_max_failures_of_must_rules(self, toys: Spec) -> None:
        state = RunState()
        results = await everything(toys, ChatServer("in order", "duplicate"), state, jobs=1, max_failures=2)
        assert [one.scenario for one in results] == ["toy.slow", "toy.cased[one]"]
        assert state.stopped == "stopped after 2 failures (--max-failures)"

    async def test_runs_as_many_at_a_time_as_jobs(self, toys: Spec) -> None:
        for jobs in (1, 3):
            server = ChatServer()
            many = [replace(toys.scenarios["toy.first"], id=f"toy.n{number}") for number in range(12)]
            await everything(toys, server, RunState(), many, jobs=jobs)
            assert (
                server.most_at_once <= 6 * jobs + 2
            )  # alice, bob, carol and three bystanders; two liveness connections
        assert server.most_at_once > 8

    async def test_a_should_rule_that_fails_does_not_count_as_failure(self, toys: Spec) -> None:
        state = RunState()
        await everything(toys, ChatServer("in order", "drop"), state, [toys.scenarios["toy.should"]], max_failures=1)
        assert state.failures == 0

    async def test_cancelled_has_given_what_it_had(self, toys: Spec, scenario: Author) -> None:
        waiting = scenario("steps: [{pause: timers.rate_window}]", id="toy.waiting")
        records: list[Calibration | Result | Observation] = []
        seen = asyncio.Event()

        def sink(record: Calibration | Result | Observation) -> None:
            records.append(record)
            if isinstance(record, Result):
                seen.set()

        async with ChatServer().serving() as server:
            target = target_at(toys, server.url)
            chosen = [toys.scenarios["toy.first"], waiting]
            running = asyncio.create_task(run(toys, target, chosen, (), Options(), sink, RunState()))
            await seen.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await server.until_present(0)
        assert [one.scenario for one in records if isinstance(one, Result)] == ["toy.first"]
