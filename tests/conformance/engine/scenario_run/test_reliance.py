"""What a scenario relies on and the server lacks blocks it, and what its own feature promises still fails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, toy_runner

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

SEND = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}'
FETCH = '{send: FetchHistory, by: alice, with: {conversation_id: "${lobby}"}}'
CHUNK = "{expect: HistoryChunk, at: alice, with: {messages: []}}"
CONNECTION = {"feature": "websocket_connection", "rules": "[CONN-3]"}


async def run_without(spec: Spec, toy: Scenario, *later: str, **lacking: Any) -> Result:
    """Run a scenario on a server of which calibration has seen that it lacks something."""
    async with toy_runner(spec, later=later) as runner:
        calibration = replace(runner.run_context.calibration, **lacking)
        return await run_scenario(toy, replace(runner.run_context, calibration=calibration))


class TestAnUnknownType:
    async def test_of_another_feature_blocks_what_fails_after_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{FETCH}, {{expect: UserTyping, at: alice}}]", **CONNECTION)
        result = await run_without(spec, toy, unknown_types=("FetchHistory",))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("FetchHistory",))
        assert result.problems[0].message == "this relies on FetchHistory, which the server does not have"

    async def test_leaves_the_failure_of_an_earlier_step_alone(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{{expect: UserTyping, at: alice}}, {FETCH}, {CHUNK}]", **CONNECTION)
        result = await run_without(spec, toy, unknown_types=("FetchHistory",))
        assert (result.outcome, result.without) == (Outcome.FAIL, ())

    async def test_of_the_own_feature_is_a_failure(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            f"steps: [{FETCH}, {{expect: UserTyping, at: alice}}]", feature="fetch_history", rules="[HIST-1]"
        )
        result = await run_without(spec, toy, unknown_types=("FetchHistory",))
        assert result.outcome is Outcome.FAIL

    async def test_makes_no_pass_of_the_error_that_answers_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario('steps: [{send: FetchHistory, by: alice, with: {conversation_id: "${alice}"}}]', **CONNECTION)
        result = await run_without(spec, toy, unknown_types=("FetchHistory",))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("FetchHistory",))

    async def test_in_a_raw_frame_blocks_what_fails_after_it(self, spec: Spec, scenario: Author) -> None:
        raw = """{send_raw: {text: '{"type":"FetchHistory"}'}, by: alice}"""
        toy = scenario(f"steps: [{raw}, {{expect: UserTyping, at: alice}}]", **CONNECTION)
        result = await run_without(spec, toy, unknown_types=("FetchHistory",))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("FetchHistory",))

    async def test_in_a_raw_frame_that_is_one_of_many_blocks_likewise(self, spec: Spec, scenario: Author) -> None:
        frame = """'{"type":"FetchHistory"}'"""
        send = '{send_raw: {text: "${frame}"}, by: alice}'
        repeat = f"{{repeat: 1, as: frame, from: [{frame}], steps: [{send}]}}"
        toy = scenario(f"steps: [{repeat}, {{expect: UserTyping, at: alice}}]", **CONNECTION)
        result = await run_without(spec, toy, unknown_types=("FetchHistory",))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("FetchHistory",))

    async def test_may_be_answered_in_any_way(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{FETCH}, {{sync: alice}}]", **CONNECTION)
        refusal = '{"type": "ActionConfirmed", "action": "FetchHistory", "success": false}'
        async with toy_runner(spec) as runner:
            runner.server.canned["FetchHistory"] = refusal
            calibration = replace(runner.run_context.calibration, unknown_types=("FetchHistory",))
            result = await run_scenario(toy, replace(runner.run_context, calibration=calibration))
        assert (result.outcome, result.findings) == (Outcome.BLOCKED, ())


class TestAFrameThatNeverCame:
    """Calibration has sent the request that causes it, and the server did not say that it does not know this."""

    TOY = f"steps: [{FETCH}, {{expect: HistoryChunk, at: alice, with: {{messages: {{$length: 1}}}}}}]"

    async def test_blocks_who_waits_for_it(self, spec: Spec, scenario: Author) -> None:
        result = await run_without(spec, scenario(self.TOY, **CONNECTION), unseen=("HistoryChunk",))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("HistoryChunk",))

    async def test_blocks_what_fails_after_the_request_that_causes_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{FETCH}, {{expect: UserTyping, at: alice}}]", **CONNECTION)
        result = await run_without(spec, toy, unseen=("HistoryChunk",))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("HistoryChunk",))

    async def test_fails_the_feature_that_promises_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.TOY, feature="fetch_history", rules="[HIST-1]")
        assert (await run_without(spec, toy, unseen=("HistoryChunk",))).outcome is Outcome.FAIL

    async def test_makes_no_difference_to_what_holds_without_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{FETCH}, {CHUNK}]", **CONNECTION)
        assert (await run_without(spec, toy, unseen=("HistoryChunk",))).outcome is Outcome.PASS


class TestAPartOfARequestThatDidNothing:
    """Its type works; only what sends this field relies on it."""

    FILE = SEND.replace("content: hi", "content: hi, attachments: []")
    RAW = """{send_raw: {text: '{"type":"SendMessage","attachments":[]}'}, by: alice}"""
    PAGE = """
    {page: FetchHistory, by: alice, with: {conversation_id: "${lobby}"}, reply: HistoryChunk,
     follow: {next_cursor: cursor}, while: {has_more: true}, collect: {messages: seen}}"""
    WRONG = "{expect: UserTyping, at: alice}"

    @pytest.mark.parametrize(
        ("sent", "part"),
        [(FILE, "SendMessage.attachments"), (RAW, "SendMessage.attachments"), (PAGE, "FetchHistory.cursor")],
    )
    async def test_blocks_what_fails_after_it(self, spec: Spec, scenario: Author, sent: str, part: str) -> None:
        result = await run_without(spec, scenario(f"steps: [{sent}, {self.WRONG}]"), unseen=(part,))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, (part,))

    async def test_blocks_what_waits_for_that_which_shows_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{FETCH}, {{expect: HistoryChunk, at: alice, with: {{has_more: true}}}}]")
        assert (await run_without(spec, toy, unseen=("FetchHistory.cursor",))).outcome is Outcome.BLOCKED
        other = scenario(f"steps: [{FETCH}, {{expect: HistoryChunk, at: alice, with: {{messages: []}}}}, {self.WRONG}]")
        assert (await run_without(spec, other, unseen=("FetchHistory.cursor",))).outcome is Outcome.FAIL

    async def test_leaves_the_failure_of_a_request_without_it_alone(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{SEND}, {self.WRONG}]")
        assert (await run_without(spec, toy, unseen=("SendMessage.attachments",))).outcome is Outcome.FAIL

    async def test_fails_the_feature_that_it_belongs_to(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{self.FILE}, {self.WRONG}]", feature="message_attachments", rules="[ATT-1]")
        assert (await run_without(spec, toy, unseen=("SendMessage.attachments",))).outcome is Outcome.FAIL

    async def test_is_not_looked_at_by_a_witness(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{{witness: [{self.PAGE}, {self.WRONG}]}}]")
        result = await run_without(spec, toy, unseen=("FetchHistory.cursor",))
        assert (result.outcome, result.without) == (Outcome.PASS, ("FetchHistory.cursor",))


class TestABroadcastThatNobodySaw:
    TOY = f"steps: [{SEND}, {{expect: NewMessage, at: carol}}]"

    async def test_blocks_who_only_witnesses_by_it(self, spec: Spec, scenario: Author) -> None:
        result = await run_without(spec, scenario(self.TOY, **CONNECTION), broadcasts=False)
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("NewMessage",))

    async def test_fails_the_feature_that_promises_it(self, spec: Spec, scenario: Author) -> None:
        assert (await run_without(spec, scenario(self.TOY), broadcasts=False)).outcome is Outcome.FAIL

    async def test_blocks_a_check_of_what_was_collected(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            "steps: [{collect: NewMessage, at: bob, into: seen}, {check: '${seen}', is: {$length: 1}}]", **CONNECTION
        )
        assert (await run_without(spec, toy, broadcasts=False)).without == ("NewMessage",)

    async def test_that_calibration_saw_makes_a_failure(self, spec: Spec, scenario: Author) -> None:
        assert (await run_without(spec, scenario(self.TOY, **CONNECTION))).outcome is Outcome.FAIL


class TestWitness:
    TOY = f"steps: [{SEND}, {{expect: NewMessage, at: bob}}, {{witness: [{FETCH}, {CHUNK}]}}]"

    async def test_is_skipped_where_the_server_lacks_what_it_relies_on(self, spec: Spec, scenario: Author) -> None:
        result = await run_without(spec, scenario(self.TOY), unknown_types=("FetchHistory",))
        assert (result.outcome, result.without) == (Outcome.PASS, ("FetchHistory",))
        assert "not looked at: the server does not have FetchHistory" in [entry.text for entry in result.transcript]

    async def test_fails_where_the_server_has_it(self, spec: Spec, scenario: Author) -> None:
        result = await run_without(spec, scenario(self.TOY))
        assert (result.outcome, result.problems[0].step) == (Outcome.FAIL, "expect HistoryChunk at alice")

    async def test_of_the_own_feature_is_not_skipped(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.TOY, feature="fetch_history", rules="[HIST-1]")
        assert (await run_without(spec, toy, unknown_types=("FetchHistory",))).outcome is Outcome.FAIL


class TestControl:
    async def test_that_fails_blocks_the_scenario(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{{control: [{SEND}, {{expect: NewMessage, at: carol}}]}}]")
        result = await run_without(spec, toy)
        assert (result.outcome, result.problems[0].step) == (Outcome.BLOCKED, "expect NewMessage at carol")

    async def test_that_holds_says_nothing(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(f"steps: [{{control: [{SEND}, {{expect: NewMessage, at: bob}}]}}]")
        assert (await run_without(spec, toy)).outcome is Outcome.PASS


class TestAServerWithoutJoins:
    """It does not know the request to join, and everybody hears everything: calibration has seen both."""

    WRONG = ("refuse joins", "leak")
    HEARD = f"steps: [{SEND}, {{expect: NewMessage, at: bob}}]"
    EVERYBODY = "{users: [alice, bob], conversations: {lobby: {members: [alice, bob]}}}"
    UNJOINED = "{users: [alice, bob, dora], conversations: {lobby: {members: [alice, bob, dora], join: [alice, bob]}}}"

    async def test_is_judged_without_joining(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, wrong=self.WRONG) as runner:
            assert not runner.run_context.calibration.joins
            result = await runner.run_scenario(scenario(self.HEARD, given=self.EVERYBODY))
        assert (result.outcome, result.without, result.findings) == (Outcome.PASS, (), ())

    async def test_is_not_judged_by_who_has_not_joined(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, wrong=self.WRONG) as runner:
            result = await runner.run_scenario(scenario(self.HEARD, given=self.UNJOINED))
        assert (result.outcome, result.without) == (Outcome.BLOCKED, ("JoinConversation",))

    async def test_is_not_one_that_delivers_nothing_either(self, spec: Spec) -> None:
        async with toy_runner(spec, wrong=self.WRONG[:1]) as runner:
            assert runner.run_context.calibration.joins


class TestFieldsTooMany:
    """The server refuses a request with a field that the type does not have."""

    EXTRA = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi, note: x}, extra: [note]}'
    TOLD = "{expect: NewMessage, at: bob, with: {content: hi}}"

    @pytest.mark.parametrize(
        ("about", "outcome"),
        [({"feature": "jwt_authentication", "rules": "[AUTH-2]"}, Outcome.BLOCKED), (CONNECTION, Outcome.FAIL)],
    )
    async def test_block_all_but_the_feature_that_promises_to_ignore_them(
        self, spec: Spec, scenario: Author, about: dict[str, str], outcome: Outcome
    ) -> None:
        async with toy_runner(spec, later=("strict",)) as runner:
            calibration = replace(runner.run_context.calibration, unseen=("extra fields",))
            toy = scenario(f"steps: [{self.EXTRA}, {self.TOLD}]", **about)
            result = await run_scenario(toy, replace(runner.run_context, calibration=calibration))
        assert (result.outcome, "extra fields" in result.without) == (outcome, outcome is Outcome.BLOCKED)


class TestAJoinThatEndsTheOneBefore:
    GIVEN = (
        "given: {users: [alice, bob], conversations: {lobby: {members: [alice, bob]}, hall: {members: [alice, bob]}}}"
    )
    TOLD = "{expect: NewMessage, at: bob, with: {content: hi}}"

    @pytest.mark.parametrize(
        ("about", "outcome"),
        [
            ({"feature": "fetch_history", "rules": "[HIST-1]"}, Outcome.BLOCKED),
            ({"feature": "join_conversation", "rules": "[JOIN-1]"}, Outcome.FAIL),
        ],
    )
    async def test_blocks_who_hears_two_conversations_and_fails_joins(
        self, spec: Spec, scenario: Author, about: dict[str, str], outcome: Outcome
    ) -> None:
        async with toy_runner(spec, wrong=("one room",), reply=0.3) as runner:
            assert runner.run_context.calibration.one_room
            result = await run_scenario(
                scenario(f"{self.GIVEN}\nsteps: [{SEND}, {self.TOLD}]", **about), runner.run_context
            )
        assert (result.outcome, "JoinConversation" in result.without) == (outcome, outcome is Outcome.BLOCKED)

    async def test_does_not_excuse_who_hears_one(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, wrong=("one room",), later=("drop",), reply=0.3) as runner:
            assert (
                await run_scenario(scenario(f"steps: [{SEND}, {self.TOLD}]"), runner.run_context)
            ).outcome is Outcome.FAIL

    async def test_is_not_seen_where_both_are_heard(self, spec: Spec) -> None:
        async with toy_runner(spec, measured=True) as runner:
            assert not runner.run_context.calibration.one_room


async def test_what_else_is_unknown_is_named_besides(spec: Spec, scenario: Author) -> None:
    leave = '{send: LeaveConversation, by: alice, with: {conversation_id: "${lobby}"}}'
    left = "{expect: ActionConfirmed, at: alice, with: {action: left_conversation}}"
    toy = scenario(f"steps: [{leave}, {left}, {FETCH}]")
    result = await run_without(spec, toy, unknown_types=("LeaveConversation", "FetchHistory"))
    assert (result.outcome, result.without) == (Outcome.BLOCKED, ("FetchHistory", "LeaveConversation"))


class TestAStepBeforeThePromise:
    """It fails, and is of another feature: the scenario says which, and the verdict looks whether that one fails."""

    HISTORY = f"{FETCH}, {{expect: HistoryChunk, at: alice, with: {{messages: {{$length: 7}}}}}}"
    LEFT = "{expect: ActionConfirmed, at: alice, with: {action: left_conversation}}"
    LEAVE = '{send: LeaveConversation, by: alice, with: {conversation_id: "${lobby}"}}'

    @pytest.mark.parametrize(
        ("steps", "about", "features"),
        [
            (f"setup: [{HISTORY}]\nsteps: [{{sync: alice}}]", CONNECTION, ("fetch_history",)),
            (f"steps: [{{control: [{HISTORY}]}}]", CONNECTION, ("fetch_history",)),
            (f"setup: [{LEAVE}, {LEFT}]\nsteps: [{{sync: alice}}]", CONNECTION, ("leave_conversation",)),
            (f"setup: [{HISTORY}]\nsteps: [{{sync: alice}}]", {"feature": "fetch_history", "rules": "[HIST-1]"}, ()),
            (f"steps: [{HISTORY}]", {}, ()),
        ],
    )
    async def test_names_the_feature(
        self, spec: Spec, scenario: Author, steps: str, about: dict[str, str], features: tuple[str, ...]
    ) -> None:
        async with toy_runner(spec) as runner:
            runner.server.deaf.add("LeaveConversation")
            result = await run_scenario(scenario(steps, **about), runner.run_context)
        assert result.stopped_by == features
        assert result.outcome is (Outcome.BLOCKED if "steps: [{send" not in steps else Outcome.FAIL)
