"""Choosing, ordering and running many scenarios: what is selected, in which order, what runs alone, when it stops."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options, settled
from conformance.engine.run.order import arrange
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.errors import UsageError
from conformance.results.model import Calibration, Outcome, Result
from conformance.target.throttle import Throttle
from conformance.target.throttle.limits import Limits
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


@pytest.fixture
def toys(spec: Spec, scenario: Author) -> Spec:
    """A spec of five scenarios."""
    made = [
        scenario(TELL, id="toy.alone", exclusive="true"),
        scenario(TELL, id="toy.first"),
        scenario(TELL, id="toy.second", feature="ping_pong", rules="[PING-1]"),
        scenario(TELL, id="toy.should", rules="[SEND-7s]"),
        *scenario.all(TELL + "cases: {one: {}, other: {}}\n", id="toy.cased"),
    ]
    slow = replace(made[2], id="toy.slow", tags=frozenset({"slow"}))
    return replace(spec, scenarios={one.id: one for one in sorted([*made, slow], key=lambda one: one.id)})


def ids(scenarios: list[Scenario]) -> list[str]:
    return [one.id.removeprefix("toy.") for one in scenarios]


@pytest.mark.parametrize(
    ("wanted", "rationed", "decided"), [(None, 10, False), (None, None, True), (True, 10, True), (False, None, False)]
)
def test_people_look_on_by_default_where_connections_are_not_rationed(
    spec: Spec, wanted: bool | None, rationed: float | None, decided: bool
) -> None:
    target = target_at(spec, "ws://127.0.0.1:1/ws", throttle=Throttle(Limits(connections_per_second=rationed)))
    assert settled(Options(bystanders=wanted), target).bystanders is decided


class TestSelect:
    @pytest.mark.parametrize(
        ("selection", "chosen"),
        [
            (Selection(), ["alone", "cased[one]", "cased[other]", "first", "second", "should", "slow"]),
            (Selection(patterns=("toy.first",)), ["first"]),
            (Selection(patterns=("toy.cased",)), ["cased[one]", "cased[other]"]),
            (Selection(patterns=("toy.cased[one]",)), ["cased[one]"]),
            (Selection(patterns=("toy.s*",)), ["second", "should", "slow"]),
            (Selection(patterns=("toy.s*", "toy.first")), ["first", "second", "should", "slow"]),
            (Selection(features=("ping_pong",)), ["second", "slow"]),
            (Selection(features=("20",)), ["second", "slow"]),
            (Selection(levels=("should",)), ["should"]),
            (Selection(rules=("PING-*",)), ["second", "slow"]),
            (Selection(patterns=("toy.s*",), levels=("must",)), ["second", "slow"]),
        ],
    )
    def test_narrows(self, toys: Spec, selection: Selection, chosen: list[str]) -> None:
        assert ids(select(toys, selection)) == chosen

    @pytest.mark.parametrize(
        "selection",
        [
            Selection(patterns=("toy.nobody",)),
            Selection(patterns=("toy.first", "toy.nobody")),
            Selection(features=("26",)),
            Selection(rules=("SEND-99",)),
            Selection(features=("ping_pong",), levels=("should",)),
        ],
    )
    def test_says_which_word_selects_nothing(self, toys: Spec, selection: Selection) -> None:
        with pytest.raises(UsageError):
            select(toys, selection)


class TestArrange:
    def test_puts_slow_ones_first_and_exclusive_ones_last(self, toys: Spec) -> None:
        arranged = ids(arrange(list(toys.scenarios.values()), "id"))
        assert arranged == ["slow", "cased[one]", "cased[other]", "first", "second", "should", "alone"]

    def test_turns_the_order_around(self, toys: Spec) -> None:
        arranged = ids(arrange(list(toys.scenarios.values()), "reverse"))
        assert arranged == ["slow", "should", "second", "first", "cased[other]", "cased[one]", "alone"]

    def test_shuffles_the_same_way_for_the_same_seed(self, toys: Spec) -> None:
        scenarios = list(toys.scenarios.values())
        orders = {seed: ids(arrange(scenarios, f"random:{seed}")) for seed in range(20)}
        assert orders == {seed: ids(arrange(scenarios[::-1], f"random:{seed}")) for seed in range(20)}
        assert len({tuple(order) for order in orders.values()}) > 5
        assert {order[-1] for order in orders.values()} == {"alone"}

    def test_knows_no_other_order(self, toys: Spec) -> None:
        with pytest.raises(UsageError):
            arrange(list(toys.scenarios.values()), "by-mood")


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

    async def test_stops_after_max_failures_of_must_rules(self, toys: Spec) -> None:
        state = RunState()
        results = await everything(toys, ChatServer("in order", "drop"), state, jobs=1, max_failures=2)
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
