"""Every scenario has bystanders, who take no part in it, and no frame may reach them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.scenario_run.bystanders import with_bystanders
from conformance.results.model import Outcome
from conformance.target.throttle import Throttle
from conformance.target.throttle.limits import Limits
from tests.conformance.run_contexts import Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec

TWO = "{users: [alice, bob], conversations: {lobby: {members: [alice, bob]}}}"
TOLD = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob, with: {content: hi}}
"""
ALL = ("unjoined_outsider", "unjoined_member", "alice@second_device")


class TestABystander:
    async def given(self, spec: Spec, scenario: Author, text: str = TOLD, given: str = TWO, **changes: Any) -> set[str]:
        async with toy_runner(spec, bystanders=True) as runner:
            return {
                *with_bystanders(scenario(text, given=given), replace(runner.run_context, **changes)).given.bystanders
            }

    async def test_is_an_outsider_an_absent_member_and_a_device_of_who_acts(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, bystanders=True) as runner:
            given = with_bystanders(scenario(TOLD, given=TWO), runner.run_context).given
        assert given.bystanders == ALL
        assert given.conversations["lobby"].members == {"alice": "member", "bob": "member", "unjoined_member": "member"}

    async def test_is_a_reader_as_well_where_somebody_can_be_made_one(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, bystanders=True) as runner:
            calibration = replace(runner.run_context.calibration, roles=("reader",))
            given = with_bystanders(
                scenario(TOLD, given=TWO), replace(runner.run_context, calibration=calibration)
            ).given
        assert given.bystanders == ("unjoined_outsider", "unjoined_member", "unjoined_reader", "alice@second_device")
        assert given.conversations["lobby"].members["unjoined_reader"] == "reader"

    async def test_sits_on_one_instance_and_on_the_other_in_turn(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, bystanders=True) as runner:
            twice = replace(runner.run_context.target, instances=(runner.server.url,) * 2)
            many = [scenario(TOLD, given=TWO, id=f"toy.n{number}") for number in range(8)]
            users = [with_bystanders(one, replace(runner.run_context, target=twice)).given.users for one in many]
        assert all(one["unjoined_outsider"].instance != one["unjoined_member"].instance for one in users)
        assert {one["unjoined_outsider"].instance for one in users} == {1, 2}

    async def test_is_nobody_where_the_run_wants_none(self, spec: Spec, scenario: Author) -> None:
        assert await self.given(spec, scenario, bystanders=False) == set()

    async def test_is_nobody_where_the_target_lets_too_few_in(self, spec: Spec, scenario: Author) -> None:
        assert await self.given(spec, scenario, throttle=Throttle(Limits(open_connections=4))) == set()
        assert await self.given(spec, scenario, throttle=Throttle(Limits(open_connections=5))) == {*ALL}

    async def test_is_no_member_of_a_conversation_that_has_none_but_its_own(self, spec: Spec, scenario: Author) -> None:
        given = TWO.replace("bob]}}", "bob], bystanders: false}}")
        async with toy_runner(spec, bystanders=True) as runner:
            crowded = with_bystanders(scenario(TOLD, given=given), runner.run_context).given
        assert crowded.bystanders == ("unjoined_outsider", "alice@second_device")
        assert crowded.conversations["lobby"].members == {"alice": "member", "bob": "member"}

    async def test_is_no_member_where_there_is_no_conversation(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{send: Ping, by: alice}, {expect: Pong, at: alice}]"
        assert await self.given(spec, scenario, text, "{users: [alice]}") == {
            "unjoined_outsider",
            "alice@second_device",
        }

    @pytest.mark.parametrize(
        "step",
        [
            "{disconnect: alice}",
            "{together: [[{disconnect: alice, how: drop}], []]}",
        ],
    )
    async def test_is_no_device_of_somebody_who_goes(self, spec: Spec, scenario: Author, step: str) -> None:
        assert await self.given(spec, scenario, f"{TOLD}  - {step}\n") == {"unjoined_outsider", "unjoined_member"}

    async def test_is_no_device_of_somebody_who_comes_later(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{connect: alice}, {send: Ping, by: alice}, {expect: Pong, at: alice}]"
        assert await self.given(spec, scenario, text, "{users: {alice: {connect: false}}}") == {"unjoined_outsider"}

    async def test_is_no_device_more_than_a_user_may_have(self, spec: Spec, scenario: Author) -> None:
        for allowed, expected in ((2, {"unjoined_outsider", "unjoined_member"}), (3, {*ALL})):
            given = TWO.replace("users:", "devices: [alice@phone], users:")
            async with toy_runner(spec, bystanders=True, limits={"connections_per_user": allowed}) as runner:
                assert {*with_bystanders(scenario(TOLD, given=given), runner.run_context).given.bystanders} == expected

    async def test_is_no_device_where_a_user_has_one_connection_only(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, wrong=["one connection"], bystanders=True) as runner:
            assert {*with_bystanders(scenario(TOLD, given=TWO), runner.run_context).given.bystanders} == {
                "unjoined_outsider",
                "unjoined_member",
            }
            assert (await runner.run_scenario(scenario(TOLD, given=TWO))).outcome is Outcome.PASS


class TestWhatReachesThem:
    async def test_is_nothing_on_a_sound_server(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, bystanders=True) as runner:
            result = await runner.run_scenario(scenario(TOLD, given=TWO))
            assert runner.server.most_at_once == 5
        assert (result.outcome, result.findings) == (Outcome.PASS, ())

    async def test_is_charged_to_the_rule_of_silence_where_the_scenario_proves_another(
        self, spec: Spec, scenario: Author
    ) -> None:
        async with toy_runner(spec, later=["leak"], bystanders=True) as runner:
            result = await runner.run_scenario(scenario(TOLD, given=TWO))
            blind = await replace(runner, run_context=replace(runner.run_context, bystanders=False)).run_scenario(
                scenario(TOLD, given=TWO)
            )
        assert result.outcome is Outcome.PASS
        assert {(one.rule, one.message) for one in result.findings} == {
            ("SEND-3", f"{name} is a bystander here, and got NewMessage") for name in ALL
        }
        assert blind.findings == ()

    async def test_fails_the_scenario_that_proves_that_rule(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["leak"], bystanders=True) as runner:
            result = await runner.run_scenario(scenario(TOLD, given=TWO, rules="[SEND-3]"))
        assert result.outcome is Outcome.FAIL
        assert len(messages(result)) == len(ALL)

    async def test_fails_the_scenario_when_it_is_an_error(self, spec: Spec, scenario: Author) -> None:
        text = """
            steps:
              - {send_raw: {text: '{"type": "Nonsense"}'}, by: alice}
              - {expect: Error, at: alice}
        """
        async with toy_runner(spec, bystanders=True) as runner:
            assert (await runner.run_scenario(scenario(text, given="{users: [alice]}"))).outcome is Outcome.PASS
            runner.server.wrong.add("errors for all")
            result = await runner.run_scenario(scenario(text, given="{users: [alice]}"))
        assert result.outcome is Outcome.FAIL
        assert sorted(messages(result)) == [
            "alice@second_device is a bystander here, and got Error",
            "unjoined_outsider is a bystander here, and got Error",
        ]
