"""Where a server confirms nothing, only what is about confirmations waits for one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, toy_runner

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

SEND = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}"'
LEAVE = '{send: LeaveConversation, by: alice, with: {conversation_id: "${lobby}"}}'
CONFIRMED = "{expect: ActionConfirmed, at: alice, with: {action: left_conversation}}"
EITHER = "{expect_either: [{frame: ActionConfirmed, with: {action: left_conversation}}, {frame: Error}], at: alice}"
ODD = '{"type": "ActionConfirmed", "action": "ok", "success": true}'
WITHOUT = ("ActionConfirmed",)


async def run_unconfirmed(spec: Spec, toy: Scenario, *, odd: bool = False) -> Result:
    """Run a scenario where calibration has seen that no confirmation ever comes; `odd`: others come instead."""
    async with toy_runner(spec, later=("no confirmations",)) as runner:
        if odd:
            runner.server.canned["LeaveConversation"] = ODD
        calibration = replace(runner.run_context.calibration, unseen=WITHOUT, confirms_joins=False)
        return await run_scenario(toy, replace(runner.run_context, calibration=calibration))


async def test_a_scenario_about_something_else_goes_on(spec: Spec, scenario: Author) -> None:
    for step in (CONFIRMED, EITHER):
        result = await run_unconfirmed(spec, scenario(f"steps: [{LEAVE}, {step}, {{sync: alice}}]"))
        assert (result.outcome, result.without) == (Outcome.PASS, WITHOUT)
        assert "not waited for: the server sends no ActionConfirmed" in [entry.text for entry in result.transcript]


@pytest.mark.parametrize(
    ("feature", "rule", "outcome"),
    [
        ("send_message", "SEND-1", Outcome.PASS),
        ("send_message", "SEND-6", Outcome.BLOCKED),
        ("action_confirmed", "ACK-1", Outcome.FAIL),
    ],
)
async def test_an_odd_reply_in_its_place_is_charged_to_the_feature_that_promises_it(
    spec: Spec, scenario: Author, feature: str, rule: str, outcome: Outcome
) -> None:
    steps = f"steps: [{LEAVE}, {{sync: alice}}, {{never: ActionConfirmed, at: [alice, bob]}}]"
    result = await run_unconfirmed(spec, scenario(steps, feature=feature, rules=f"[{rule}]"), odd=True)
    assert result.outcome is outcome


async def test_what_fails_later_fails(spec: Spec, scenario: Author) -> None:
    toy = scenario(f"steps: [{LEAVE}, {CONFIRMED}, {{expect: NewMessage, at: bob}}]")
    assert (await run_unconfirmed(spec, toy)).outcome is Outcome.FAIL


async def test_a_refusal_is_no_reply_that_is_missing_everywhere(spec: Spec, scenario: Author) -> None:
    wrong = SEND + "}, invalid: true}"
    result = await run_unconfirmed(spec, scenario(f"steps: [{wrong}, {CONFIRMED}]"))
    assert (result.outcome, result.without) == (Outcome.BLOCKED, WITHOUT)


async def test_an_error_takes_no_event_from_the_requests_before_it(spec: Spec, scenario: Author) -> None:
    good, wrong = SEND + ", content: hi}}", "{send: LeaveConversation, by: alice, with: {}, invalid: true}"
    refused = f"{wrong}, {{expect: Error, at: alice}}"
    toy = scenario(f"steps: [{good}, {{expect: NewMessage, at: bob}}, {refused}, {refused}]")
    result = await run_unconfirmed(spec, toy)
    assert (result.outcome, result.problems, result.findings) == (Outcome.PASS, (), ())


async def test_a_rule_about_confirmations_cannot_be_judged(spec: Spec, scenario: Author) -> None:
    toy = scenario(f"steps: [{LEAVE}, {CONFIRMED}]", feature="leave_conversation", rules="[LEAVE-2]")
    result = await run_unconfirmed(spec, toy)
    assert (result.outcome, result.without) == (Outcome.BLOCKED, WITHOUT)


async def test_the_feature_that_promises_them_fails(spec: Spec, scenario: Author) -> None:
    toy = scenario(f"steps: [{LEAVE}, {CONFIRMED}]", feature="action_confirmed", rules="[ACK-1]")
    assert (await run_unconfirmed(spec, toy)).outcome is Outcome.FAIL


async def test_the_greeting_is_waited_for(spec: Spec, scenario: Author) -> None:
    toy = scenario(
        "steps: [{disconnect: bob}, {connect: bob}, {expect: ActionConfirmed, at: bob, with: {action: connected}}]"
    )
    result = await run_unconfirmed(spec, toy)
    assert (result.outcome, result.without) == (Outcome.PASS, ())


@pytest.mark.parametrize(
    ("feature", "rule", "outcome"),
    [("fetch_history", "HIST-1", Outcome.PASS), ("action_confirmed", "ACK-1", Outcome.FAIL)],
)
async def test_one_request_that_is_never_confirmed_fails_the_feature_that_promises_it(
    spec: Spec, scenario: Author, feature: str, rule: str, outcome: Outcome
) -> None:
    confirmed = "{expect: ActionConfirmed, at: alice, with: {action: message_sent}}"
    told = "{expect: NewMessage, at: bob}"
    toy = scenario(f"steps: [{SEND}, content: hi}}}}, {confirmed}, {told}]", feature=feature, rules=f"[{rule}]")
    async with toy_runner(spec, wrong=("reply lost",), reply=0.3) as runner:
        assert runner.run_context.calibration.unconfirmed == ("SendMessage",)
        result = await run_scenario(toy, runner.run_context)
    assert (result.outcome, result.findings) == (outcome, ())
    assert result.without == (WITHOUT if outcome is Outcome.PASS else ())


async def test_what_is_confirmed_is_waited_for_where_another_request_never_is(spec: Spec, scenario: Author) -> None:
    confirmed = "{expect: ActionConfirmed, at: alice, with: {action: joined_conversation}}"
    async with toy_runner(spec, wrong=("reply lost",), reply=0.3) as runner:
        result = await run_scenario(scenario(f"steps: [{SEND}, content: hi}}}}, {confirmed}]"), runner.run_context)
    assert result.outcome is Outcome.FAIL
