"""A target that dies, hangs or is replaced during a run: nothing is held against a target that is absent."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.engine.supervise.watchdog import Watchdog
from conformance.results.model import Outcome, Result
from conformance.target.embedded import Embedded, embedded
from reference_server.__main__ import main as sound
from reference_server.earlier.acknowledge_everything import acknowledging
from tests.conformance.crashing import crashing
from tests.conformance.run_contexts import Author, run_context_at, target_at
from tests.doubles.fan_out import ChatServer
from tests.doubles.switch import UNAVAILABLE, Switch
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.results.model import Calibration, Observation
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.embedded import Process

pytestmark = pytest.mark.end_to_end

FEATURES = {"edit_message", "jwt_authentication", "ping_pong"}
TELL = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
"""


@dataclass
class WatchedRun:
    """What a run gave, and how it ended; `then` is called once, after the result number `after`."""

    after: int = 0
    then: Callable[[], None] = lambda: None
    results: list[Result] = field(default_factory=list)
    state: RunState = field(default_factory=RunState)

    def take(self, record: Calibration | Result | Observation) -> None:
        if isinstance(record, Result):
            self.results.append(record)
            if len(self.results) == self.after:
                self.then()

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(str(one.outcome) for one in self.results)

    def of(self, outcome: Outcome) -> set[str]:
        return {one.scenario for one in self.results if one.outcome is outcome}

    async def all_of(
        self, spec: Spec, target: Target, scenarios: Sequence[Scenario], server: Embedded | None = None
    ) -> WatchedRun:
        restart = server.restart if server else None
        await run(spec, target, scenarios, (), Options(probes=False), self.take, self.state, restart)
        assert len({one.scenario for one in self.results}) == len(self.results)
        return self

    def check_given_up(self, selected: int, why: str) -> None:
        """Nothing speaks against the server; the scenarios under way are named; the rest was not run.

        A scenario may learn of it by itself, before the watchdog does, or by an upgrade that nobody answers any more.
        """
        assert self.of(Outcome.FAIL) == set()
        assert self.of(Outcome.BLOCKED)
        assert self.outcomes.total() < selected
        assert self.state.stopped.startswith("the target was lost while ")
        assert why in self.state.stopped
        assert [one for one in self.of(Outcome.BLOCKED) if one in self.state.stopped]
        for one in self.results:
            if one.outcome is Outcome.BLOCKED:
                said = one.problems[0].message
                assert said == f"not judged: {self.state.stopped}" or why in said or "no answer to the upgrade" in said
                assert one.findings == ()


def quick(spec: Spec) -> list[Scenario]:
    return [
        one for one in spec.scenarios.values() if one.feature in FEATURES and not (one.exclusive or "slow" in one.tags)
    ]


def process_of(server: Embedded) -> Process:
    assert server._process is not None
    return server._process


class TestARealProcess:
    """The reference server, which keeps every rule."""

    @pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(2, 8))])
    async def test_killed_at_a_random_moment(
        self, whole_spec: Spec, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("conformance.engine.supervise.watchdog.GRACE_PERIOD", 0.5)
        dice, scenarios = random.Random(seed), quick(whole_spec)
        async with embedded(whole_spec, forked(sound)) as (target, server):
            loop, kill = asyncio.get_running_loop(), process_of(server).kill
            watched = WatchedRun(dice.randrange(1, 60), lambda: loop.call_later(dice.uniform(0, 0.05), kill) and None)
            await watched.all_of(whole_spec, target, scenarios)
        watched.check_given_up(len(scenarios), "nobody listens there")

    @pytest.mark.nightly
    async def test_hanging(self, whole_spec: Spec) -> None:
        scenarios = quick(whole_spec)
        async with embedded(whole_spec) as (target, server):
            process = process_of(server)
            assert isinstance(process, asyncio.subprocess.Process)
            watched = WatchedRun(20, lambda: process.send_signal(signal.SIGSTOP))
            await watched.all_of(whole_spec, replace(target, reply=0.5), scenarios)
            process.send_signal(signal.SIGCONT)
        watched.check_given_up(len(scenarios), "within 5 s")

    async def test_killed_once_and_back(self, whole_spec: Spec) -> None:
        """All is judged, and well; but what the server died of nobody knows."""
        scenarios = quick(whole_spec)
        async with embedded(whole_spec, forked(sound)) as (target, server):
            watched = WatchedRun(20, process_of(server).kill)
            await watched.all_of(whole_spec, target, scenarios, server)
        assert watched.outcomes == {"PASS": len(scenarios)}
        assert watched.state.stopped == ""
        assert "came back; run again, none of them brings the target down" in watched.state.doubts

    @pytest.mark.nightly
    async def test_that_one_request_kills(self, whole_spec: Spec) -> None:
        """A scenario that runs beside it is not blamed; the run is complete, and the verdict counts."""
        scenarios = [one for one in quick(whole_spec) if one.feature == "edit_message"]
        async with embedded(whole_spec, forked(crashing)) as (target, server):
            watched = await WatchedRun().all_of(whole_spec, target, scenarios, server)
        guilty = {one.id for one in scenarios if one.base.startswith("edit-message.non-author-refused")}
        assert watched.of(Outcome.FAIL) == guilty
        assert watched.outcomes["PASS"] == len(scenarios) - len(guilty)
        assert (watched.state.stopped, watched.state.doubts) == ("", "")
        (first, *_) = (one for one in watched.results if one.outcome is Outcome.FAIL)
        assert "the whole server was lost while this ran, twice" in first.problems[0].message


@pytest.fixture
def many(spec: Spec, scenario: Author) -> list[Scenario]:
    """Forty times the same."""
    told = scenario(TELL, id="toy.told")
    return [replace(told, id=f"toy.n{number:02}") for number in range(40)]


class TestSomethingInBetween:
    """A network, a proxy, a balancer of load."""

    @pytest.fixture(autouse=True)
    def _hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conformance.engine.supervise.watchdog.GRACE_PERIOD", 0.5)

    async def run_all(self, spec: Spec, many: list[Scenario], change: Callable[[Switch], None]) -> WatchedRun:
        async with ChatServer().serving() as server, Switch(server.url).serving() as switch:
            target = target_at(spec, switch.url, reply=0.5)
            return await WatchedRun(10, lambda: change(switch)).all_of(spec, target, many)

    async def test_a_network_that_is_cut(self, spec: Spec, many: list[Scenario]) -> None:
        def cut(switch: Switch) -> None:
            switch.to = "ws://127.0.0.1:1/ws"
            switch.cut()

        (await self.run_all(spec, many, cut)).check_given_up(len(many), "does not let us in")

    async def test_connections_that_are_taken_and_never_answered(self, spec: Spec, many: list[Scenario]) -> None:
        def mute(switch: Switch) -> None:
            switch.to = None

        (await self.run_all(spec, many, mute)).check_given_up(len(many), "no answer to the upgrade")

    async def test_503_for_everybody_who_comes(self, spec: Spec, many: list[Scenario]) -> None:
        def turn_away(switch: Switch) -> None:
            switch.to, switch.answer = None, UNAVAILABLE

        (await self.run_all(spec, many, turn_away)).check_given_up(len(many), "HTTP 503")

    async def test_another_server_behind_the_same_address(self, spec: Spec, many: list[Scenario]) -> None:
        """It greets and answers pings, and those who were connected stay with the first one."""
        async with acknowledging() as other:

            def replace_it(switch: Switch) -> None:
                switch.to = other

            watched = await self.run_all(spec, many, replace_it)
        assert watched.of(Outcome.FAIL)  # The question whether it is there uses nothing that a rule is about.
        assert watched.state.stopped == ""
        assert "at the end of the run the target is not what it was at its beginning: " in watched.state.doubts

    async def test_a_cut_that_is_mended_at_once(self, spec: Spec, many: list[Scenario]) -> None:
        watched = await self.run_all(spec, many, Switch.cut)
        assert watched.outcomes == {"PASS": len(many)}
        assert watched.state.stopped == ""


class TestAChange:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [("no greeting", "no longer greeting"), ("no broadcast", "no longer broadcasting"), ("no pong", "no longer ")],
    )
    async def test_is_seen_at_the_end_at_the_latest(
        self, spec: Spec, many: list[Scenario], wrong: str, said: str
    ) -> None:
        async with ChatServer().serving() as server:
            watched = WatchedRun(1, lambda: server.wrong.add(wrong))
            await watched.all_of(spec, target_at(spec, server.url, reply=0.5), many[:1])
        assert watched.outcomes == {"PASS": 1}
        assert "at the end of the run the target is not what it was at its beginning: " in watched.state.doubts
        assert said in watched.state.doubts

    async def test_a_target_that_stays_as_it_is_is_not_doubted(self, spec: Spec, many: list[Scenario]) -> None:
        for wrong in ((), ("no greeting",), ("no pong",), ("no broadcast",), ("close",)):
            async with ChatServer("in order", *wrong).serving() as server:
                watched = WatchedRun()
                await watched.all_of(spec, target_at(spec, server.url, reply=0.5), many[:1])
            assert (watched.state.stopped, watched.state.doubts) == ("", "")


class TestAServerThatIsOnlyWrong:
    @pytest.mark.parametrize("wrong", ["drop connection", "close", "drop", "late join"])
    async def test_is_judged(self, spec: Spec, many: list[Scenario], wrong: str) -> None:
        """It ends connections, each for its own reason, and is there all the time."""
        async with ChatServer("in order", wrong).serving() as server:
            target = target_at(spec, server.url, reply=0.5)
            watched = await WatchedRun().all_of(spec, target, many[:10])
        assert watched.outcomes == {"FAIL": 10}
        assert (watched.state.stopped, watched.state.doubts) == ("", "")

    async def test_or_only_slow_is_judged_with_nothing_beside_it(self, spec: Spec) -> None:
        """It still works on what eight scenarios have asked for: the ninth says nothing of it."""
        async with ChatServer("in order").serving() as server:
            watchdog = Watchdog(await run_context_at(spec, server.url, trials=False))
        watch = watchdog.watch("toy.scenario")
        watch.reachability.lags = "alice still got frames after 10 s, and no reply"
        assert not await watchdog.believes(watch, well=True)
        assert await watchdog.believes(watch, well=True, again=True)
        assert watchdog.slow == watch.reachability.lags
