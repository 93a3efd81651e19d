"""In every play somebody looks on who has no part in it, and nothing may reach them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.scenario_run.bystanders import watched
from conformance.results.model import Outcome
from conformance.target.throttle import Guest
from conformance.target.throttle.limits import Limits
from tests.conformance.run_contexts import Author, messages, theatre

if TYPE_CHECKING:
    from conformance.spec import Spec

TWO = "{users: [alice, bob], conversations: {lobby: {members: [alice, bob]}}}"
TOLD = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob, with: {content: hi}}
"""
ALL = ("onlooker", "absentee", "alice@onlooking")


class TestWhoLooksOn:
    async def given(self, spec: Spec, scenario: Author, text: str = TOLD, given: str = TWO, **changes: Any) -> set[str]:
        async with theatre(spec, onlookers=True) as stage:
            return {*watched(scenario(text, given=given), replace(stage.stage, **changes)).given.onlookers}

    async def test_is_an_outsider_an_absent_member_and_a_device_of_who_acts(self, spec: Spec, scenario: Author) -> None:
        async with theatre(spec, onlookers=True) as stage:
            given = watched(scenario(TOLD, given=TWO), stage.stage).given
        assert given.onlookers == ALL
        assert given.conversations["lobby"].members == {"alice": "member", "bob": "member", "absentee": "member"}

    async def test_is_a_reader_as_well_where_somebody_can_be_made_one(self, spec: Spec, scenario: Author) -> None:
        async with theatre(spec, onlookers=True) as stage:
            calibration = replace(stage.stage.calibration, roles=("reader",))
            given = watched(scenario(TOLD, given=TWO), replace(stage.stage, calibration=calibration)).given
        assert given.onlookers == ("onlooker", "absentee", "lurker", "alice@onlooking")
        assert given.conversations["lobby"].members["lurker"] == "reader"

    async def test_sits_on_one_instance_and_on_the_other_in_turn(self, spec: Spec, scenario: Author) -> None:
        async with theatre(spec, onlookers=True) as stage:
            twice = replace(stage.stage.target, instances=(stage.server.url,) * 2)
            many = [scenario(TOLD, given=TWO, id=f"toy.n{number}") for number in range(8)]
            users = [watched(one, replace(stage.stage, target=twice)).given.users for one in many]
        assert all(one["onlooker"].instance != one["absentee"].instance for one in users)
        assert {one["onlooker"].instance for one in users} == {1, 2}

    async def test_is_nobody_where_the_run_wants_none(self, spec: Spec, scenario: Author) -> None:
        assert await self.given(spec, scenario, onlookers=False) == set()

    async def test_is_nobody_where_the_target_lets_too_few_in(self, spec: Spec, scenario: Author) -> None:
        assert await self.given(spec, scenario, guest=Guest(Limits(open_connections=4))) == set()
        assert await self.given(spec, scenario, guest=Guest(Limits(open_connections=5))) == {*ALL}

    async def test_is_no_member_where_there_is_no_conversation(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{send: Ping, by: alice}, {expect: Pong, at: alice}]"
        assert await self.given(spec, scenario, text, "{users: [alice]}") == {"onlooker", "alice@onlooking"}

    @pytest.mark.parametrize(
        "step",
        [
            "{disconnect: alice}",
            "{together: [[{disconnect: alice, how: drop}], []]}",
        ],
    )
    async def test_is_no_device_of_somebody_who_goes(self, spec: Spec, scenario: Author, step: str) -> None:
        assert await self.given(spec, scenario, f"{TOLD}  - {step}\n") == {"onlooker", "absentee"}

    async def test_is_no_device_of_somebody_who_comes_later(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{connect: alice}, {send: Ping, by: alice}, {expect: Pong, at: alice}]"
        assert await self.given(spec, scenario, text, "{users: {alice: {connect: false}}}") == {"onlooker"}

    async def test_is_no_device_more_than_a_user_may_have(self, spec: Spec, scenario: Author) -> None:
        for allowed, expected in ((2, {"onlooker", "absentee"}), (3, {*ALL})):
            given = TWO.replace("users:", "devices: [alice@phone], users:")
            async with theatre(spec, onlookers=True, limits={"connections_per_user": allowed}) as stage:
                assert {*watched(scenario(TOLD, given=given), stage.stage).given.onlookers} == expected

    async def test_is_no_device_where_a_user_has_one_connection_only(self, spec: Spec, scenario: Author) -> None:
        async with theatre(spec, wrong=["one connection"], onlookers=True) as stage:
            assert {*watched(scenario(TOLD, given=TWO), stage.stage).given.onlookers} == {"onlooker", "absentee"}
            assert (await stage.play(scenario(TOLD, given=TWO))).outcome is Outcome.PASS


class TestWhatReachesThem:
    async def test_is_nothing_on_a_sound_server(self, spec: Spec, scenario: Author) -> None:
        async with theatre(spec, onlookers=True) as stage:
            result = await stage.play(scenario(TOLD, given=TWO))
            assert stage.server.most_at_once == 5
        assert (result.outcome, result.findings) == (Outcome.PASS, ())

    async def test_is_charged_to_the_rule_of_silence_where_the_scenario_proves_another(
        self, spec: Spec, scenario: Author
    ) -> None:
        async with theatre(spec, later=["leak"], onlookers=True) as stage:
            result = await stage.play(scenario(TOLD, given=TWO))
            blind = await replace(stage, stage=replace(stage.stage, onlookers=False)).play(scenario(TOLD, given=TWO))
        assert result.outcome is Outcome.PASS
        assert {(one.rule, one.message) for one in result.findings} == {
            ("SEND-3", f"{name} only looks on here, and got NewMessage") for name in ALL
        }
        assert blind.findings == ()

    async def test_fails_the_scenario_that_proves_that_rule(self, spec: Spec, scenario: Author) -> None:
        async with theatre(spec, later=["leak"], onlookers=True) as stage:
            result = await stage.play(scenario(TOLD, given=TWO, rules="[SEND-3]"))
        assert result.outcome is Outcome.FAIL
        assert len(messages(result)) == len(ALL)

    async def test_fails_the_scenario_when_it_is_an_error(self, spec: Spec, scenario: Author) -> None:
        text = """
            steps:
              - {send_raw: {text: '{"type": "Nonsense"}'}, by: alice}
              - {expect: Error, at: alice}
        """
        async with theatre(spec, onlookers=True) as stage:
            assert (await stage.play(scenario(text, given="{users: [alice]}"))).outcome is Outcome.PASS
            stage.server.wrong.add("errors for all")
            result = await stage.play(scenario(text, given="{users: [alice]}"))
        assert result.outcome is Outcome.FAIL
        assert sorted(messages(result)) == [
            "alice@onlooking only looks on here, and got Error",
            "onlooker only looks on here, and got Error",
        ]
