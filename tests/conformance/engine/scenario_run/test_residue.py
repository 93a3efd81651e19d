"""What is left at the end must be explained: expected, ambient, allowed, or the plain consequence of an own request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec

UNWATCHED = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
"""
TOLD = UNWATCHED + "  - {expect: NewMessage, at: bob, with: {content: hi}}\n"
TWICE = TOLD + TOLD.removeprefix("\nsteps:\n")


@pytest.mark.parametrize(
    ("fault", "stray"),
    [
        ("duplicate", "bob got NewMessage"),
        ("leak", "carol got NewMessage"),
        ("echo twice", "alice got NewMessage"),
        ("error besides", "alice got Error"),
    ],
)
async def test_a_frame_too_many_fails_without_a_never(spec: Spec, scenario: Author, fault: str, stray: str) -> None:
    async with toy_runner(spec, later=[fault]) as runner:
        result = await runner.run_scenario(scenario(TOLD))
    assert result.outcome is Outcome.FAIL
    assert messages(result) == [f"{stray}, which nothing in this scenario explains"]
    entry = result.transcript[result.problems[0].entry or 0]
    assert (entry.who, entry.way) == (stray.split()[0], "←")


async def test_an_echo_that_does_not_say_who_sent_it_is_no_frame_too_many(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, later=["no sender"]) as runner:
        result = await runner.run_scenario(scenario(TOLD))
        runner.server.wrong.add("echo twice")
        worse = await runner.run_scenario(scenario(TOLD))
    said, stray = "got a wrong NewMessage: `sender_id` is missing", "alice got NewMessage, which nothing"
    assert [said in one for one in messages(result)] == [True]
    assert [stray in one for one in messages(worse)].count(True) == 1


async def test_an_error_in_place_of_a_reply_to_the_barrier_is_no_frame_too_many(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, reply=0.3) as runner:
        runner.server.canned["Ping"] = '{"type": "Error", "message": "too many requests"}'
        result = await runner.run_scenario(scenario(TOLD))
        runner.server.wrong.add("error besides")
        worse = await runner.run_scenario(scenario(TOLD))
    assert (result.outcome, messages(result)) == (Outcome.PASS, [])
    assert messages(worse) == ["alice got Error, which nothing in this scenario explains"]


@pytest.mark.parametrize(
    ("fault", "stray"),
    [("confirmed twice", "alice got ActionConfirmed"), ("confirmed everywhere", "bob got ActionConfirmed")],
)
async def test_a_frame_that_the_scenario_is_not_about_is_charged_to_its_own_rule(
    spec: Spec, scenario: Author, fault: str, stray: str
) -> None:
    async with toy_runner(spec, later=[fault]) as runner:
        result = await runner.run_scenario(scenario(TOLD))
        named = await runner.run_scenario(scenario(TOLD + "  - {never: ActionConfirmed, at: [bob, carol]}\n"))
    assert result.outcome is Outcome.PASS
    assert [(one.rule, one.message) for one in result.findings] == [
        ("ACK-1", f"{stray}, which nothing in this scenario explains")
    ]
    assert named.outcome is Outcome.FAIL


async def test_what_was_stray_in_the_setup_says_nothing_of_the_promise(spec: Spec, scenario: Author) -> None:
    toy = TOLD.replace("steps:", "setup:") + "steps:\n  - {expect: NewMessage, at: alice}\n"
    async with toy_runner(spec, later=["error besides"]) as runner:
        assert (await runner.run_scenario(scenario(toy))).outcome is Outcome.BLOCKED


async def test_a_broadcast_that_no_step_expects_is_residue(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(scenario(UNWATCHED))
    assert messages(result) == ["bob got NewMessage, which nothing in this scenario explains"]


@pytest.mark.parametrize("toy", [TOLD, TWICE])
async def test_own_confirmation_and_own_echo_are_plain_once_per_request(spec: Spec, scenario: Author, toy: str) -> None:
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(scenario(toy))) == []


async def test_a_server_without_echo_is_as_good(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, later=["no echo"]) as runner:
        assert messages(await runner.run_scenario(scenario(TWICE))) == []


async def test_a_missing_confirmation_does_not_make_a_stray_of_the_echo(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, later=["reply lost"]) as runner:
        assert messages(await runner.run_scenario(scenario(TWICE))) == []


async def test_a_second_confirmation_is_one_too_many_though_the_first_was_claimed(spec: Spec, scenario: Author) -> None:
    toy = scenario(TOLD + "  - {expect: ActionConfirmed, at: alice, with: {action: message_sent}}\n")
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(toy)) == []
        runner.server.wrong.add("confirmed twice")
        assert messages(await runner.run_scenario(toy)) == [
            "alice got ActionConfirmed, which nothing in this scenario explains"
        ]


async def test_a_second_echo_is_one_too_many_though_the_first_was_claimed(spec: Spec, scenario: Author) -> None:
    toy = scenario(UNWATCHED + "  - {expect: NewMessage, at: [alice, bob]}\n")
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(toy)) == []
        runner.server.wrong.add("echo twice")
        assert messages(await runner.run_scenario(toy)) == [
            "alice got NewMessage, which nothing in this scenario explains"
        ]


class TestOtherDevice:
    GIVEN = "{users: [alice, bob], devices: [alice@phone], conversations: {lobby: {members: [alice, bob]}}}"

    async def test_may_have_what_is_claimed_there(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(UNWATCHED + "  - {expect: NewMessage, at: [bob, alice@phone]}\n", given=self.GIVEN)
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []

    async def test_must_not_have_what_nobody_claims(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(scenario(TOLD, given=self.GIVEN))
        assert messages(result) == ["alice@phone got NewMessage, which nothing in this scenario explains"]


async def test_a_refused_request_leaves_no_room_for_an_echo(spec: Spec, scenario: Author) -> None:
    """A server that says Error and tells alice of the message all the same has not refused it."""
    toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: Error, at: alice}
  - {expect: NewMessage, at: bob}
""")
    async with toy_runner(spec, later=["reply lost", "error besides"]) as runner:
        result = await runner.run_scenario(toy)
    assert messages(result) == ["alice got NewMessage, which nothing in this scenario explains"]


async def test_an_error_is_never_a_plain_consequence(spec: Spec, scenario: Author) -> None:
    toy = scenario("""
steps:
  - {send: EditMessage, by: alice, with: {conversation_id: "${lobby}", message_id: "${lobby}", content: no}}
""")
    async with toy_runner(spec) as runner:
        calibration = replace(runner.run_context.calibration, unknown_types=())  # the toy knows none of the edits
        result = await run_scenario(toy, replace(runner.run_context, calibration=calibration))
    assert messages(result) == ["alice got Error, which nothing in this scenario explains"]


async def test_ambient_frames_need_no_explanation(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, later=["duplicate"], ambient=frozenset({"NewMessage"})) as runner:
        assert messages(await runner.run_scenario(scenario(UNWATCHED))) == []


async def test_what_the_scenario_allows_needs_no_explanation_there(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, later=["leak"]) as runner:
        allowed = "[{frame: NewMessage, at: carol, with: {content: hi}}]"
        assert messages(await runner.run_scenario(scenario(TOLD, allow=allowed))) == []
        elsewhere = "[{frame: NewMessage, at: bob}]"
        assert messages(await runner.run_scenario(scenario(TOLD, allow=elsewhere))) != []
        otherwise = "[{frame: NewMessage, at: carol, with: {content: bye}}]"
        assert messages(await runner.run_scenario(scenario(TOLD, allow=otherwise))) != []


async def test_residue_of_a_connection_that_is_gone_counts(spec: Spec, scenario: Author) -> None:
    toy = scenario(
        UNWATCHED
        + """
  - {expect: ActionConfirmed, at: alice, with: {action: message_sent}}
  - {sync: bob}
  - {disconnect: bob}
  - {connect: bob}
"""
    )
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(toy)) == [
            "bob got NewMessage, which nothing in this scenario explains"
        ]


class TestNever:
    async def test_stands_until_the_end(self, spec: Spec, scenario: Author) -> None:
        """The guard is set while all is well; what it forbids comes later."""
        toy = scenario("""
steps:
  - {never: NewMessage, at: carol}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob}
""")
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []
            runner.server.wrong.add("leak")
            result = await runner.run_scenario(toy)
        assert messages(result) == ["carol must never get NewMessage here"]
        assert result.problems[0].step == "never NewMessage at carol"

    async def test_forgives_what_was_claimed_before(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(scenario(TOLD + "  - {never: NewMessage, at: bob}\n"))) == []

    async def test_looks_at_the_pattern(self, spec: Spec, scenario: Author) -> None:
        toy = UNWATCHED + "  - {never: NewMessage, at: bob, with: {content: %s}}\n  - {expect: NewMessage, at: bob}\n"
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(scenario(toy % "bye"))) == []
            assert messages(await runner.run_scenario(scenario(toy % "hi"))) == ["bob must never get NewMessage here"]

    async def test_of_anything_knows_own_consequences(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(TOLD + "  - {never: '*', at: [alice, bob, carol]}\n")
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []
            runner.server.wrong.add("leak")
            assert messages(await runner.run_scenario(toy)) == ["carol must never get NewMessage here"]

    @pytest.mark.parametrize("fault", ["garbage", "binary"])
    async def test_of_anything_knows_frames_that_cannot_be_read(self, spec: Spec, scenario: Author, fault: str) -> None:
        async with toy_runner(spec, later=[fault]) as runner:
            result = await runner.run_scenario(scenario(UNWATCHED + "  - {never: '*', at: alice}\n"))
        assert messages(result) == ["alice must never get such a frame here"]
