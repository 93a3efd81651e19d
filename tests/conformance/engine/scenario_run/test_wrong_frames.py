"""A frame that does not belong is charged once, to the rule that it breaks wherever it comes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec

SEND = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}'
TOLD = "{expect: NewMessage, at: bob, with: {content: hi}}"
LEAVE = '{send: LeaveConversation, by: bob, with: {conversation_id: "${lobby}"}}'
OTHER = {"feature": "fetch_history", "rules": "[HIST-1]"}


async def test_a_frame_of_another_scenario_breaks_the_isolation_only(spec: Spec, scenario: Author) -> None:
    theirs = str(uuid.uuid4())
    stray = f'{{"type": "UserTyping", "conversation_id": "{theirs}", "user_id": "{theirs}", "is_typing": true}}'
    async with toy_runner(spec) as runner:
        owners = runner.run_context.owners
        owners.give(owners.enter("another.scenario"), [theirs])
        runner.server.canned["LeaveConversation"] = stray
        result = await runner.run_scenario(scenario(f"steps: [{LEAVE}, {{sync: bob}}]", **OTHER))
    assert (result.outcome, result.problems) == (Outcome.PASS, ())
    assert [one.rule for one in result.findings] == ["SEND-3"]
    assert "of another.scenario, which ran at the same time" in result.findings[0].message


@pytest.mark.parametrize(
    ("about", "outcome"),
    [(OTHER, Outcome.PASS), ({"feature": "websocket_connection", "rules": "[CONN-11]"}, Outcome.FAIL)],
)
async def test_a_type_of_the_servers_own_fails_the_rule_about_types_only(
    spec: Spec, scenario: Author, about: dict[str, str], outcome: Outcome
) -> None:
    toy = scenario(f"steps: [{SEND}, {TOLD}, {{sync: bob}}, {{never: '*', at: [alice, bob]}}]", **about)
    async with toy_runner(spec, wrong=("unknown frame",), reply=0.3) as runner:
        assert runner.run_context.calibration.foreign_types == ("MessageNoticed",)
        result = await runner.run_scenario(toy)
    assert result.outcome is outcome
    assert {one.rule for one in result.findings} == ({"CONN-11"} if outcome is Outcome.PASS else set())


async def test_a_type_that_calibration_has_not_seen_is_no_habit(spec: Spec, scenario: Author) -> None:
    toy = scenario(f"steps: [{SEND}, {TOLD}, {{never: '*', at: [alice, bob]}}]", **OTHER)
    async with toy_runner(spec, later=("unknown frame",)) as runner:
        assert (await runner.run_scenario(toy)).outcome is Outcome.FAIL
