"""What a server sees of a run that has limits: never more than they allow, and no verdict is bent by the waiting."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.engine.scenario_run.run_scenario import observe, run_scenario
from conformance.errors import AskedToLeave, UsageError
from conformance.results.model import Calibration, Observation, Outcome, Result
from conformance.target.throttle import Limits, Throttle
from tests.conformance.run_contexts import Author, target_at, toy_runner, without_trials
from tests.doubles.fan_out import ChatServer
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from websockets.asyncio.server import Request, Response, ServerConnection

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

EVERY_WAY = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
  - {send_raw: {text: no JSON}, by: alice}
  - {expect: Error, at: alice}
  - {never: Error, at: [alice, bob]}
  - {disconnect: carol}
  - {connect: carol}
  - {sync: [alice, bob, carol]}
"""
TELL = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
"""


class Counting(ChatServer):
    """Notes when each request and each connection came."""

    def __init__(self, *wrong: str) -> None:
        super().__init__("in order", *wrong)
        self.asked: list[float] = []
        self.entered: list[float] = []

    async def _talk(self, socket: ServerConnection) -> None:
        self.entered.append(time.monotonic())
        await super()._talk(socket)

    async def _handle(self, socket: ServerConnection, user: str, token: str, data: str | bytes) -> None:
        self.asked.append(time.monotonic())
        await super()._handle(socket, user, token, data)


async def results_of(
    spec: Spec,
    server: ChatServer,
    scenarios: Sequence[Scenario],
    limits: Limits,
    state: RunState | None = None,
    jobs: int = 8,
) -> list[Result]:
    records: list[Calibration | Result | Observation] = []
    async with server.serving():
        target = target_at(spec, server.url, throttle=Throttle(limits))
        await run(without_trials(spec), target, scenarios, (), Options(jobs=jobs), records.append, state or RunState())
    return [one for one in records if isinstance(one, Result)]


def check_rate(times: list[float], since: float, rate: float) -> None:
    """Whatever delays an arrival only makes the rate lower: seen from the start, nothing can come too early."""
    early = [index for index, at in enumerate(times, 1) if index > rate * (at - since) + rate]
    assert early == []


async def test_the_server_never_gets_more_than_the_limits(spec: Spec, scenario: Author) -> None:
    limits = Limits(requests_per_second=60, connections_per_second=20, open_connections=6)
    one = scenario(EVERY_WAY)
    server, began = Counting(), time.monotonic()
    results = await results_of(spec, server, [replace(one, id=f"toy.n{number}") for number in range(8)], limits)
    assert {result.outcome for result in results} == {Outcome.PASS}
    assert len(server.asked) > 100
    check_rate(server.asked, began, 60)
    check_rate(server.entered, began, 20)
    assert server.most_at_once <= 6


async def test_the_watchdog_has_its_connections_as_well(spec: Spec, scenario: Author) -> None:
    one = scenario(EVERY_WAY)
    server = Counting()
    many = [replace(one, id=f"toy.n{number}") for number in range(12)]
    results = await results_of(spec, server, many, Limits(open_connections=20))
    assert {result.outcome for result in results} == {Outcome.PASS}
    assert 9 <= server.most_at_once <= 19  # and one that says nothing


async def test_every_request_and_connection_is_counted(spec: Spec, scenario: Author) -> None:
    throttle = Throttle()
    async with toy_runner(spec) as runner:
        came = len(runner.server.requests)
        one = scenario(EVERY_WAY)
        assert (await run_scenario(one, replace(runner.run_context, throttle=throttle))).outcome is Outcome.PASS
        raw, connections = 1, 4
        assert throttle.spent == len(runner.server.requests) - came + raw + connections


async def test_a_run_that_has_had_its_requests_stops_and_says_so(spec: Spec, scenario: Author) -> None:
    server, state = Counting(), RunState()
    many = [replace(scenario(TELL), id=f"toy.n{number}") for number in range(40)]
    results = await results_of(spec, server, many, Limits(run_requests=400), state, jobs=1)  # so that some end
    assert {result.outcome for result in results} == {Outcome.PASS}
    assert 0 < len(results) < 40
    assert state.stopped == "the run has made all 400 requests that it may make (throttle.run_requests)"
    assert len(server.asked) + len(server.entered) <= 400


async def test_a_scenario_with_too_many_connections_is_untestable(spec: Spec, scenario: Author) -> None:
    (result,) = await results_of(spec, ChatServer(), [scenario(TELL)], Limits(open_connections=2))
    assert result.outcome is Outcome.UNTESTABLE
    assert result.problems[0].message.startswith("it has 3 connections open at once, and the target allows 2")


async def test_a_target_that_allows_too_few_connections_to_be_calibrated_is_a_mistake_of_its_file(spec: Spec) -> None:
    with pytest.raises(UsageError, match="toy cannot even be calibrated: it has 2 connections open at once"):
        await results_of(spec, ChatServer(), [], Limits(open_connections=1))


class TestBeingHeldBack:
    """A server's timer of 0.3 s runs on while our own throttle waits for 0.5 s and more."""

    SLOW = Limits(requests_per_second=5)

    async def result(self, spec: Spec, one: Scenario, *wrong: str) -> Result:
        async with toy_runner(spec, wrong=wrong, timers={"typing_expiry": 0.3}, reply=0.3) as runner:
            return await run_scenario(one, replace(runner.run_context, throttle=Throttle(self.SLOW)))

    async def test_makes_a_failure_untestable(self, spec: Spec, scenario: Author) -> None:
        result = await self.result(spec, scenario(TELL), "drop")
        assert result.outcome is Outcome.UNTESTABLE
        assert result.problems[0].message.startswith("our own throttle delayed this for ")
        assert "no NewMessage at bob" in result.problems[1].message

    async def test_leaves_what_passes_all_the_same(self, spec: Spec, scenario: Author) -> None:
        assert (await self.result(spec, scenario(TELL))).outcome is Outcome.PASS

    async def test_for_less_than_any_timer_changes_nothing(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, wrong=["drop"], reply=0.3) as runner:  # the shortest timer is 5 s
            throttle = Throttle(Limits(requests_per_second=40))
            assert (
                await run_scenario(scenario(TELL), replace(runner.run_context, throttle=throttle))
            ).outcome is Outcome.FAIL

    async def test_makes_an_observation_none(self, spec: Spec, scenario: Author) -> None:
        probe = scenario.probe(TELL + "  - {observe: bob, choices: {told: {frame: NewMessage}}, otherwise: not told}\n")
        async with toy_runner(spec, timers={"typing_expiry": 0.3}) as runner:
            seen = await observe(probe, replace(runner.run_context, throttle=Throttle(self.SLOW)))
        assert seen.observed.startswith("could not be observed: our own throttle delayed this")


@asynccontextmanager
async def turning_away(server: ChatServer, times: int, header: str, status: int = 429) -> AsyncIterator[str]:
    """Serve, but turn everybody away the first few times."""
    left = times

    def refuse(socket: ServerConnection, _: Request) -> Response | None:
        nonlocal left
        left -= 1
        if left < 0:
            return None
        response = socket.respond(HTTPStatus(status), "later\n")
        response.headers["Retry-After"] = header
        return response

    async with server.serving(), listening(server._talk, process_request=refuse) as url:
        yield url


class TestLater:
    @pytest.mark.parametrize("status", [429, 503])
    async def test_a_server_that_says_later_is_asked_again_and_nothing_held_against_it(
        self, spec: Spec, scenario: Author, status: int
    ) -> None:
        state, records = RunState(), []
        async with turning_away(ChatServer(), 2, "0", status) as url:
            await run(
                without_trials(spec), target_at(spec, url), [scenario(TELL)], (), Options(), records.append, state
            )
        assert [one.outcome for one in records if isinstance(one, Result)] == [Outcome.PASS]
        assert state.stopped == ""

    @pytest.mark.parametrize(("header", "how"), [("0", "again and again"), ("3600", "for 3,600 s")])
    async def test_one_that_says_so_for_too_long_is_left(self, spec: Spec, header: str, how: str) -> None:
        async with turning_away(ChatServer(), 100, header) as url:
            with pytest.raises(AskedToLeave, match=how) as raised:
                await run(spec, target_at(spec, url), (), (), Options(), lambda _: None, RunState())
        assert raised.value.exit_code == 3

    async def test_one_that_says_so_in_mid_run_gets_no_verdict(self, spec: Spec, scenario: Author) -> None:
        state, records = RunState(), []
        many = [replace(scenario(TELL), id=f"toy.n{number}") for number in range(9)]

        def sink(record: Any) -> None:
            records.append(record)
            server.refusing = server.refusing or isinstance(record, Result)

        async with Moody().served() as server:
            await run(without_trials(spec), target_at(spec, server.url), many, (), Options(jobs=1), sink, state)
        assert [one.outcome for one in records if isinstance(one, Result)] == [Outcome.PASS]
        assert state.stopped.startswith("the target turns us away again and again (HTTP 429)")


class Moody(ChatServer):
    """Turns everybody away from the moment on that it is told to."""

    refusing = False

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Moody]:
        def refuse(socket: ServerConnection, _: Request) -> Response | None:
            if not self.refusing:
                return None
            response = socket.respond(HTTPStatus(429), "later\n")
            response.headers["Retry-After"] = "0"
            return response

        async with self.serving(), listening(self._talk, process_request=refuse) as self.url:
            yield self
