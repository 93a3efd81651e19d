"""A message in fragments that is not finished: the harness puts no message of its own into it (RFC 6455 §5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, run_context_at
from tests.doubles import fan_out
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.spec import Spec

AND_OTHERS = """
allow: [{frame: NewMessage, at: alice, with: {content: finished}}]
steps:
  - send_raw: {frames: [{opcode: 1, fin: false, payload: '{"type":"SendMessage","conversation_id":"${lobby}",'}]}
    by: alice
  - {send: SendMessage, by: bob, with: {conversation_id: "${lobby}", content: meanwhile}}
  - {expect: NewMessage, at: alice, with: {content: meanwhile}}
  - send_raw: {frames: [{opcode: 0, payload: '"content":"finished"}'}]}
    by: alice
  - {expect: NewMessage, at: bob, with: {content: finished}}
  - {expect: ActionConfirmed, at: alice, with: {action: message_sent, success: true}}
"""


@pytest.fixture
def slow_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take longer over each event than the harness waits before it asks."""
    monkeypatch.setattr(fan_out, "BUS_DELAY", 0.4)


async def result_of(spec: Spec, scenario: Author, text: str) -> Result:
    async with ChatServer("bus with delay").serving() as server:
        return await run_scenario(scenario(text), await run_context_at(spec, server.url, trials=False))


@pytest.mark.usefixtures("slow_bus")
async def test_an_event_between_two_fragments_may_come_late(spec: Spec, scenario: Author) -> None:
    result = await result_of(spec, scenario, AND_OTHERS)
    assert (result.outcome, result.problems) == (Outcome.PASS, ())


@pytest.mark.usefixtures("slow_bus")
async def test_the_transcript_has_every_frame_of_ours_and_none_between_two_fragments(
    spec: Spec, scenario: Author
) -> None:
    result = await result_of(spec, scenario, AND_OTHERS)
    ours = [entry.text or "a request" for entry in result.transcript if (entry.who, entry.way) == ("alice", "→")]
    first = next(index for index, text in enumerate(ours) if "fin 0" in text)
    assert "opcode 0 fin 1" in ours[first + 1]
    assert any("by the harness" in text for text in ours[first + 2 :])


@pytest.mark.parametrize("step", ["{sync: alice}", "{send: Ping, by: alice}"], ids=["asking", "sending"])
async def test_nobody_says_anything_else_before_it_is_finished(spec: Spec, scenario: Author, step: str) -> None:
    text = "steps:\n  - {send_raw: {frames: [{opcode: 1, fin: false, payload: '{'}]}, by: alice}\n  - " + step
    result = await result_of(spec, scenario, text)
    assert result.outcome is Outcome.BROKEN
    assert "must finish it before" in result.problems[0].message


async def test_a_message_that_is_never_finished_ends_a_scenario_all_the_same(spec: Spec, scenario: Author) -> None:
    text = "steps:\n  - {send_raw: {frames: [{opcode: 1, fin: false, payload: '{'}]}, by: alice}\n"
    assert (await result_of(spec, scenario, text)).outcome is Outcome.PASS


async def test_a_barrier_request_in_fragments_is_answered_before_the_next_one_is_sent(
    spec: Spec, scenario: Author
) -> None:
    text = """
        given: {users: [alice]}
        steps:
          - {send_raw: {frames: [{opcode: 1, fin: false, payload: '{"type":'}]}, by: alice}
          - {send_raw: {frames: [{opcode: 0, payload: '"Ping"}'}]}, by: alice}
          - {expect: Pong, at: alice}
    """
    async with ChatServer().serving() as server:
        run_context = await run_context_at(spec, server.url, trials=False)
        server.wrong.add("late pong")
        result = await run_scenario(scenario(text), run_context)
    assert (result.outcome, result.problems) == (Outcome.PASS, ())
