"""The end of a scenario judges all that its connections have seen by the invariants, and says nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.spec import Spec

SAYING = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob, with: {content: hi}}
"""
NOT_LOOKING = "allow: [{frame: NewMessage}, {frame: ActionConfirmed}, {frame: Error}]\n" + SAYING


def charges(result: Result) -> list[tuple[str | None, str]]:
    return [(one.rule, one.message) for one in (*result.problems, *result.findings)]


@pytest.mark.parametrize(
    ("fault", "charge"),
    [
        (
            "duplicate",
            "SEND-2: bob: NewMessage with message_id … came to this connection again (invariant messages-arrive-once)",
        ),
        (
            "leak",
            "SEND-3: carol: NewMessage came from a conversation that this connection has not joined"
            " (invariant events-reach-joined-connections-only)",
        ),
        (
            "confirmed twice",
            "ACK-1: alice: ActionConfirmed came, but no request waits for a reply"
            " (invariant replies-answer-requests-in-order)",
        ),
    ],
)
async def test_a_broken_invariant_is_charged_to_its_rule_in_a_scenario_about_something_else(
    spec: Spec, scenario: Author, fault: str, charge: str
) -> None:
    async with toy_runner(spec, later=[fault]) as runner:
        result = await runner.run_scenario(scenario(NOT_LOOKING))
    (found,) = result.findings
    said = [word if len(word) != 36 else "…" for word in found.message.split()]
    assert f"{found.rule}: {' '.join(said)}" == charge
    assert result.outcome is Outcome.PASS
    assert result.scenario == "toy.scenario"
    assert result.transcript[found.entry or 0].way == "←"


async def test_it_fails_the_scenario_that_proves_the_rule(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, later=["leak"]) as runner:
        result = await runner.run_scenario(scenario("rules: [SEND-3]\n" + NOT_LOOKING))
    assert result.outcome is Outcome.FAIL
    assert [one.rule for one in result.problems] == ["SEND-3"]


@pytest.mark.parametrize("fault", ["duplicate", "leak", "malformed frame", "error besides"])
async def test_what_the_scenario_has_found_is_not_charged_again(spec: Spec, scenario: Author, fault: str) -> None:
    async with toy_runner(spec, later=[fault]) as runner:
        result = await runner.run_scenario(scenario(SAYING))
    assert len(charges(result)) == 1


async def test_a_scenario_that_fails_charges_no_other_rule_with_the_consequences(spec: Spec, scenario: Author) -> None:
    failing = NOT_LOOKING + "  - {expect: NewMessage, at: bob, with: {content: another}}\n"
    async with toy_runner(spec, later=["leak"]) as runner:
        result = await runner.run_scenario(scenario(failing))
    assert result.outcome is Outcome.FAIL
    assert result.findings == ()


async def test_a_setup_is_judged_too(spec: Spec, scenario: Author) -> None:
    text = NOT_LOOKING.replace("steps:", "setup:") + "steps:\n  - {send: Ping, by: bob}\n  - {expect: Pong, at: bob}\n"
    async with toy_runner(spec, later=["leak"]) as runner:
        result = await runner.run_scenario(scenario(text))
    assert [one.rule for one in result.findings] == ["SEND-3"]


ODD = """
steps:
  - {send_raw: {text: '{"type": "Nonsense"}'}, by: alice}
  - {send_raw: {text: JoinConversation}, by: carol}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: 5}, invalid: true}
"""


async def test_odd_requests_break_nothing_whether_they_are_answered_or_not(spec: Spec, scenario: Author) -> None:
    odd = ODD + SAYING.removeprefix("\nsteps:\n")
    async with toy_runner(spec) as runner:
        answered = await runner.run_scenario(scenario("allow: [{frame: Error}]\n" + odd))
        assert charges(answered) == []
        runner.server.deaf.add("SendMessage")
        ignored = await runner.run_scenario(scenario("allow: [{frame: Error}]\n" + ODD))
    assert charges(ignored) == []


async def test_a_request_that_the_server_does_not_have_needs_no_reply(spec: Spec, scenario: Author) -> None:
    text = """
    steps:
      - {send: Typing, by: alice, with: {conversation_id: "${lobby}", is_typing: true}}
      - {send: Ping, by: alice}
      - {expect: Pong, at: alice}
    """
    async with toy_runner(spec) as runner:
        runner.server.deaf.add("Typing")
        result = await runner.run_scenario(scenario(text))
    assert result.findings == ()
    assert messages(result) == ["this relies on Typing, which the server does not have"]


async def test_a_client_that_has_not_read_for_a_while_is_judged_by_what_it_reads_then(
    spec: Spec, scenario: Author
) -> None:
    text = """
    steps:
      - {stop_reading: bob}
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: one}}
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: two}}
      - {sync: alice}
      - resume_reading: bob
        steps:
          - {expect: NewMessage, at: bob, with: {content: one}}
          - {expect: NewMessage, at: bob, with: {content: two}}
    """
    async with toy_runner(spec) as runner:
        assert charges(await runner.run_scenario(scenario(text))) == []


async def test_a_greeting_of_another_kind_answers_nothing(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, wrong=["other greeting"]) as runner:
        result = await runner.run_scenario(scenario(SAYING))
    assert {one.rule for one in result.findings} == {"CONN-11"}


async def test_where_accounts_are_used_again_an_event_may_be_of_an_earlier_request(
    spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with toy_runner(spec, later=["token in a frame"]) as runner:
        monkeypatch.setattr(type(runner.run_context.provisioner), "lasting", True)
        result = await runner.run_scenario(scenario(NOT_LOOKING.replace("{content: hi}", "{}")))
    assert "SEND-1" not in {one.rule for one in result.findings}
