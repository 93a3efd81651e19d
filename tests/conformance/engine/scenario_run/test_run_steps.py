"""The steps that contain other steps: loops, pauses, branches at the same time, time limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


ALONE = "{users: [alice]}"


class TestPause:
    async def test_runs_its_steps_after_each_part(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
tags: [slow]
steps:
  - pause: timers.typing_expiry
    parts: 3
    steps: [{send: Ping, by: alice}]
  - {repeat: 3, steps: [{expect: Pong, at: alice}]}
""")
        async with toy_runner(spec, timers={"typing_expiry": 0.01}) as runner:
            assert messages(await runner.run_scenario(toy)) == []


class TestRepeat:
    async def test_counts_from_one(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - repeat: 3
    as: i
    steps:
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "number ${i}"}}
      - {expect: NewMessage, at: bob, with: {content: "number ${i}"}}
  - {check: "${i}", is: 3}
""")
        assert await complaints(spec, toy) == []

    async def test_takes_a_number_of_the_profile(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - repeat: "${limits.reactions_per_user}"
    as: i
    steps: [{sync: alice}]
  - {check: "${i}", is: 4}
""")
        assert await complaints(spec, toy, limits={"reactions_per_user": 4}) == []

    async def test_of_something_that_is_no_number_is_the_scenarios_mistake(self, spec: Spec, scenario: Author) -> None:
        toy = scenario('steps: [{repeat: "${nonce}", as: i, steps: [{sync: alice}]}]')
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.BROKEN
        assert "`repeat` takes a whole number" in messages(result)[0]

    async def test_takes_values_in_turn_where_it_has_some(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - repeat: 2
    as: word
    from: [one, "${alice}", three]
    steps:
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "said ${word}"}}
      - {expect: NewMessage, at: bob, with: {content: "said ${word}"}}
  - {check: "${word}", is: "${alice}"}
""")
        assert await complaints(spec, toy) == []

    async def test_with_too_few_values_is_the_scenarios_mistake(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("steps: [{repeat: 3, as: word, from: [one, two], steps: [{sync: alice}]}]")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.BROKEN
        assert "`repeat` has 2 values to take, and 3 are wanted" in messages(result)[0]

    async def test_does_not_apply_to_a_target_whose_limit_takes_more_values(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            'steps: [{repeat: "${limits.reactions_per_user}", as: word, from: [one, two], steps: [{sync: alice}]}]'
        )
        async with toy_runner(spec, limits={"reactions_per_user": 3}) as runner:
            result = await runner.run_scenario(toy)
        assert (result.outcome, result.lacks) == (Outcome.NOT_APPLICABLE, "limits.reactions_per_user")
        assert messages(result) == ["it has 2 values to send, and the target declares limits.reactions_per_user = 3"]


class TestTogether:
    async def test_runs_its_branches_at_the_same_time(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - together:
      - [{expect: NewMessage, at: bob, with: {content: hi}}]
      - [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}]
""")
        assert await complaints(spec, toy) == []

    async def test_fails_with_the_first_branch_that_fails(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - together:
      - [{sync: alice}]
      - [{expect: NewMessage, at: bob, with: {content: hi}}]
      - [{expect: NewMessage, at: carol, with: {content: hi}}]
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result) == ["no NewMessage at bob"]
        assert result.problems[0].step == "expect NewMessage at bob"


async def test_pause_lasts_a_little_longer_than_the_timer(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{pause: timers.typing_expiry}]", given=ALONE)
    async with toy_runner(spec, timers={"typing_expiry": 0.05}) as runner:
        result = await runner.run_scenario(toy)
    assert messages(result) == []
    assert result.seconds >= 0.05


class TestFasterThan:
    TOY = """
steps:
  - faster_than: timers.typing_expiry
    steps: [{send_raw: {text: hello}, by: alice}, {expect: Error, at: alice, with: {message: MESSAGE}}]
"""

    async def judge(self, spec: Spec, toy: Scenario, expiry: float) -> Result:
        async with toy_runner(spec, timers={"typing_expiry": expiry}) as runner:
            return await runner.run_scenario(toy)

    async def test_judges_what_was_fast_enough(self, spec: Spec, scenario: Author) -> None:
        good = await self.judge(spec, scenario(self.TOY.replace("MESSAGE", "{$type: string}"), given=ALONE), 60)
        bad = await self.judge(spec, scenario(self.TOY.replace("MESSAGE", "never said"), given=ALONE), 60)
        assert (good.outcome, bad.outcome) == (Outcome.PASS, Outcome.FAIL)
        assert bad.problems[0].step == "expect Error at alice"

    @pytest.mark.parametrize("wanted", ["{$type: string}", "never said"])
    async def test_says_nothing_of_the_server_where_it_took_too_long(
        self, spec: Spec, scenario: Author, wanted: str
    ) -> None:
        result = await self.judge(spec, scenario(self.TOY.replace("MESSAGE", wanted), given=ALONE), 1e-9)
        assert result.outcome is Outcome.BLOCKED
        assert "tells something only if it takes less than 1e-09 s" in messages(result)[0]
        assert result.problems[0].step == "faster_than timers.typing_expiry"

    async def test_is_tried_again_after_a_slow_moment(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first try takes too long by this clock."""
        moments = iter([0.0, 100.0, 200.0, 200.1])
        monkeypatch.setattr("conformance.engine.scenario_run.run_steps.monotonic", lambda: next(moments))
        toy = scenario(self.TOY.replace("MESSAGE", "{$type: string}"), given=ALONE)
        assert (await self.judge(spec, toy, 60)).outcome is Outcome.PASS
