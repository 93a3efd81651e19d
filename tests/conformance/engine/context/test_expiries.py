"""An event that a timer of the server may have caused proves nothing else: such a scenario is BLOCKED, not passed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome, Result
from tests.conformance.run_contexts import Author, messages, run_context_at, target_at, without_trials
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from conformance.results.model import Calibration, Observation
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

ENDED = (
    '{"type": "UserTyping", "conversation_id": "${conversation}", "user_id": "7ffc0e7e-0d1b-4c3a-8f5e-0a1b2c3d4e5f", '
    '"is_typing": false}'
)
"""What the toy server answers to every Typing."""


def typing(scenario: Author, step: str = "", begun: str = "true") -> Scenario:
    return scenario(f"""
allow: [{{frame: UserTyping, at: alice}}]
given: {{users: [alice], conversations: {{lobby: {{members: [alice]}}}}}}
tags: [slow]
steps:
  - {{send: Typing, by: alice, with: {{conversation_id: "${{lobby}}", is_typing: {begun}}}}}
  - {{expect: UserTyping, at: alice, with: {{is_typing: false}}{step}}}
""")


async def result_of(spec: Spec, scenario: Scenario, length: float) -> Result:
    async with ChatServer().serving() as server:
        server.canned["Typing"] = ENDED
        return await run_scenario(
            scenario, await run_context_at(spec, server.url, trials=False, timers={"typing_expiry": length})
        )


@pytest.mark.parametrize("length", [0.0, 60.0])
async def test_an_end_within_the_timer_is_the_promised_one(spec: Spec, scenario: Author, length: float) -> None:
    result = await result_of(spec, typing(scenario), length)
    assert result.outcome is (Outcome.BLOCKED if length == 0 else Outcome.PASS)
    assert any("started timers.typing_expiry (0 s), which may have caused it" in one for one in messages(result)) == (
        length == 0
    )


async def test_a_step_that_waits_for_the_timer_takes_what_it_causes(spec: Spec, scenario: Author) -> None:
    result = await result_of(spec, typing(scenario, ", within: timers.typing_expiry"), 0.0)
    assert result.outcome is Outcome.PASS


async def test_a_timer_that_nothing_has_started_causes_nothing(spec: Spec, scenario: Author) -> None:
    result = await result_of(spec, typing(scenario, begun="false"), 0.0)
    assert result.outcome is Outcome.PASS


async def test_what_took_too_long_is_run_again_when_all_others_are_done(spec: Spec, scenario: Author) -> None:
    """The timer has a length only after the tries beside others: alone the scenario is quick enough."""
    results: list[Result] = []

    def take(record: Calibration | Result | Observation) -> None:
        if isinstance(record, Result):
            results.append(record)

    async with ChatServer().serving() as server:
        server.canned["Typing"] = ENDED
        target = target_at(spec, server.url, timers={"typing_expiry": 0.0})
        timers = target.profile["timers"]
        toy, other = typing(scenario), replace(scenario("steps: [{sync: alice}]"), id="toy.other")
        state = RunState()

        def take_and_wait_longer(record: Calibration | Result | Observation) -> None:
            take(record)
            if isinstance(record, Result):
                timers["typing_expiry"] = 60.0

        await run(
            without_trials(spec), target, [toy, other], (), Options(jobs=1, probes=False), take_and_wait_longer, state
        )
    assert [(one.scenario, one.outcome) for one in results] == [
        ("toy.other", Outcome.PASS),
        ("toy.scenario", Outcome.PASS),
    ]
    assert (state.stopped, state.doubts) == ("", "")
    assert len(state.remarks) == 1
    assert "the target was slow while 1 scenario ran" in state.remarks[0]
