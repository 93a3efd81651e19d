"""Where a server tells nobody of a message, scenarios about something else read it where it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, toy_runner

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

SEND = '{{send: SendMessage, by: alice, with: {{conversation_id: "${{lobby}}", content: {}}}}}'
TOLD = "{{expect: NewMessage, at: [{}], with: {{content: {}, message_id: {{$capture: {}}}}}}}"
HISTORY = """
  - {send: FetchHistory, by: bob, with: {conversation_id: "${lobby}"}}
  - {expect: HistoryChunk, at: bob, with: {messages: {$contains: [{message_id: "${one}"}, {message_id: "${two}"}]}}}
"""
STORED = {"feature": "fetch_history", "rules": "[HIST-1]"}


async def run_untold(spec: Spec, toy: Scenario) -> Result:
    async with toy_runner(spec, wrong=("no broadcast",), reply=0.3) as runner:
        assert (runner.run_context.calibration.broadcasts, runner.run_context.calibration.reads_back) == (False, True)
        return await run_scenario(toy, runner.run_context)


def steps(*some: str) -> str:
    return "steps:" + "".join(f"\n  - {one}" for one in some)


async def test_each_message_stands_in_for_one_event(spec: Spec, scenario: Author) -> None:
    twice = [SEND.format("hi"), TOLD.format("alice, bob", "hi", "one")]
    twice += [SEND.format("hi"), TOLD.format("alice, bob", "hi", "two")]
    different = '{check: "${one}", is: {$not: "${two}"}}'
    result = await run_untold(spec, scenario(steps(*twice, different) + HISTORY, **STORED))
    assert (result.outcome, result.without) == (Outcome.PASS, ("NewMessage",))
    assert "read from where it is stored: the server sends no NewMessage" in [entry.text for entry in result.transcript]


async def test_what_is_collected_is_read_as_a_whole(spec: Spec, scenario: Author) -> None:
    collect = "{collect: NewMessage, at: bob, field: content, into: said}"
    check = '{check: "${said}", is: {$any_order: [a, b]}}'
    result = await run_untold(spec, scenario(steps(SEND.format("a"), SEND.format("b"), collect, check), **STORED))
    assert (result.outcome, result.without) == (Outcome.PASS, ("NewMessage",))


async def test_what_is_not_stored_does_not_stand_in(spec: Spec, scenario: Author) -> None:
    toy = scenario(steps(SEND.format("a"), TOLD.format("bob", "b", "one")), **STORED)
    assert (await run_untold(spec, toy)).outcome is Outcome.BLOCKED


async def test_what_is_about_live_events_fails(spec: Spec, scenario: Author) -> None:
    toy = scenario(steps(SEND.format("hi"), TOLD.format("bob", "hi", "one")))
    assert (await run_untold(spec, toy)).outcome is Outcome.FAIL
