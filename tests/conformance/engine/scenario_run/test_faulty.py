"""What is wrong with every event of a type fails what promises the event, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, toy_runner

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

SEND = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}'
OTHER = {"feature": "fetch_history", "rules": "[HIST-1]"}
OWN = {"feature": "send_message", "rules": "[SEND-1]"}


async def run_faulty(spec: Spec, wrong: str, toy: Scenario) -> Result:
    async with toy_runner(spec, wrong=(wrong,), reply=0.3) as runner:
        return await run_scenario(toy, runner.run_context)


class TestAFieldThatIsAlwaysWrong:
    SENDER = '{expect: NewMessage, at: bob, with: {content: hi, sender_id: "${alice}"}}'

    async def test_is_not_looked_at_by_other_features(self, spec: Spec, scenario: Author):
        result = await run_faulty(spec, "no sender", scenario(f"steps: [{SEND}, {self.SENDER}]", **OTHER))
        assert (result.outcome, result.without) == (Outcome.PASS, ("NewMessage.sender_id",))
        assert {finding.rule for finding in result.findings} == {"SEND-1"}

    async def test_fails_its_own_feature(self, spec: Spec, scenario: Author):
        own = scenario(f"steps: [{SEND}, {self.SENDER}]", **OWN)
        assert (await run_faulty(spec, "no sender", own)).outcome is Outcome.FAIL

    async def test_leaves_the_rest_of_the_pattern(self, spec: Spec, scenario: Author):
        other = self.SENDER.replace("hi", "something else")
        toy = scenario(f"steps: [{SEND}, {other}]", **OTHER)
        assert (await run_faulty(spec, "no sender", toy)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(("about", "outcome"), [(OTHER, Outcome.PASS), (OWN, Outcome.FAIL)])
    async def test_is_not_looked_at_in_what_was_collected(
        self, spec: Spec, scenario: Author, about: dict[str, str], outcome: Outcome
    ):
        collect = "{collect: NewMessage, at: bob, into: told}"
        check = '{check: "${told}", is: [{content: hi, sender_id: "${alice}"}]}'
        result = await run_faulty(spec, "no sender", scenario(f"steps: [{SEND}, {collect}, {check}]", **about))
        assert (result.outcome, result.without == ("NewMessage.sender_id",)) == (outcome, outcome is Outcome.PASS)

    async def test_blocks_what_takes_its_value(self, spec: Spec, scenario: Author):
        taken = "{expect: NewMessage, at: bob, with: {sender_id: {$capture: sender}}}"
        check = '{check: "${sender}", is: "${alice}"}'
        result = await run_faulty(spec, "no sender", scenario(f"steps: [{SEND}, {taken}, {check}]", **OTHER))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("NewMessage.sender_id",))


class TestAFieldThatIsWrongInOneFrame:
    FETCH = '{send: FetchHistory, by: alice, with: {conversation_id: "${lobby}"}}'
    PAGE = "{expect: HistoryChunk, at: alice, with: {messages: [], has_more: false}}"

    @pytest.mark.parametrize(
        ("about", "page", "outcome"),
        [
            (OWN, PAGE, Outcome.PASS),
            (OWN, PAGE.replace("[]", "[{}]"), Outcome.FAIL),
            (OWN, PAGE.replace("false", "{$capture: {name: more, is: false}}"), Outcome.FAIL),
            (OTHER, PAGE, Outcome.FAIL),
        ],
    )
    async def test_fails_what_promises_the_frame_only(
        self, spec: Spec, scenario: Author, about: dict[str, str], page: str, outcome: Outcome
    ):
        async with toy_runner(spec, later=("wrong history",), reply=0.3) as runner:
            result = await run_scenario(scenario(f"steps: [{self.FETCH}, {page}]", **about), runner.run_context)
        assert (result.outcome, "HistoryChunk.has_more" in result.without) == (outcome, outcome is Outcome.PASS)

    @pytest.mark.parametrize(
        ("about", "outcome"),
        [({"feature": "jwt_authentication", "rules": "[AUTH-2]"}, Outcome.PASS), (OWN, Outcome.FAIL)],
    )
    async def test_is_left_out_of_what_was_collected(
        self, spec: Spec, scenario: Author, about: dict[str, str], outcome: Outcome
    ):
        collect = "{collect: NewMessage, at: bob, into: told}"
        check = '{check: "${told}", is: [{content: hi, created_at: {$after: "2020-01-01T00:00:00Z"}}]}'
        async with toy_runner(spec, later=("malformed frame",), reply=0.3) as runner:
            result = await run_scenario(scenario(f"steps: [{SEND}, {collect}, {check}]", **about), runner.run_context)
        assert (result.outcome, "NewMessage.created_at" in result.without) == (outcome, outcome is Outcome.PASS)


class TestAnEventThatNoDeviceOfItsAuthorGets:
    TOLD = "{expect: NewMessage, at: [alice@phone, bob], with: {content: hi}}"
    PHONE = "{connect: alice@phone, join: [lobby]}"

    async def test_is_expected_of_others_only(self, spec: Spec, scenario: Author):
        toy = scenario(f"steps: [{self.PHONE}, {SEND}, {self.TOLD}]", **OTHER)
        result = await run_faulty(spec, "only others", toy)
        assert (result.outcome, result.without, result.problems) == (Outcome.PASS, ("NewMessage",), ())

    async def test_fails_its_own_feature(self, spec: Spec, scenario: Author):
        own = scenario(f"steps: [{self.PHONE}, {SEND}, {self.TOLD}]", **OWN)
        assert (await run_faulty(spec, "only others", own)).outcome is Outcome.FAIL

    async def test_blocks_what_captures_something_of_it(self, spec: Spec, scenario: Author):
        captured = "{expect: NewMessage, at: alice@phone, with: {message_id: {$capture: message}}}"
        result = await run_faulty(spec, "only others", scenario(f"steps: [{self.PHONE}, {SEND}, {captured}]", **OTHER))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("NewMessage",))

    async def test_is_known_from_the_second_device_of_the_calibration(self, spec: Spec):
        async with toy_runner(spec, wrong=("only others",), reply=0.3) as runner:
            assert "NewMessage" in runner.run_context.calibration.untold_devices
        async with toy_runner(spec) as runner:
            assert runner.run_context.calibration.untold_devices == ()


class TestAJoinThatBringsEarlierMessages:
    BACK = "{connect: alice@phone, join: [lobby]}"
    TOLD = "{expect: NewMessage, at: [alice, bob], with: {content: hi}}"

    @pytest.mark.parametrize(
        ("about", "outcome"),
        [
            (OTHER, Outcome.PASS),
            (OWN, Outcome.FAIL),
            ({"feature": "join_conversation", "rules": "[JOIN-1]"}, Outcome.FAIL),
        ],
    )
    async def test_fails_joins_and_messages_only(
        self, spec: Spec, scenario: Author, about: dict[str, str], outcome: Outcome
    ):
        toy = scenario(f"steps: [{SEND}, {self.TOLD}, {self.BACK}, {{never: NewMessage, at: alice@phone}}]", **about)
        result = await run_faulty(spec, "replay", toy)
        assert (result.outcome, "JoinConversation" in result.without) == (outcome, outcome is Outcome.PASS)
