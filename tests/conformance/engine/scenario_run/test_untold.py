"""Where a server tells nobody of a message, or not its id, scenarios about something else read it from the history."""

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

SEND = '{{send: SendMessage, by: alice, with: {{conversation_id: "${{lobby}}", content: {}}}}}'
TOLD = "{{expect: NewMessage, at: [{}], with: {{content: {}, message_id: {{$capture: {}}}}}}}"
HISTORY = """
  - {send: FetchHistory, by: bob, with: {conversation_id: "${lobby}"}}
  - {expect: HistoryChunk, at: bob, with: {messages: {$contains: [{message_id: "${one}"}, {message_id: "${two}"}]}}}
"""
LIKE_IDS = "[{$type: string}, {$type: string}]"
STORED = {"feature": "fetch_history", "rules": "[HIST-1]"}


async def run_untold(spec: Spec, toy: Scenario, wrong: str = "no broadcast") -> Result:
    async with toy_runner(spec, wrong=(wrong,), reply=0.3) as runner:
        assert runner.run_context.calibration.broadcasts is (wrong != "no broadcast")
        assert runner.run_context.calibration.reads_back
        return await run_scenario(toy, runner.run_context)


def steps(*some: str) -> str:
    return "steps:" + "".join(f"\n  - {one}" for one in some)


@pytest.mark.parametrize(("wrong", "how"), [("no broadcast", "sends no"), ("no id", "says no id in")])
async def test_each_message_stands_in_for_one_event(spec: Spec, scenario: Author, wrong: str, how: str) -> None:
    twice = [SEND.format("hi"), TOLD.format("alice, bob", "hi", "one")]
    twice += [SEND.format("hi"), TOLD.format("alice, bob", "hi", "two")]
    different = '{check: "${one}", is: {$not: "${two}"}}'
    result = await run_untold(spec, scenario(steps(*twice, different) + HISTORY, **STORED), wrong)
    assert (result.outcome, result.without) == (Outcome.PASS, ("NewMessage",))
    assert f"read from where it is stored: the server {how} NewMessage" in [entry.text for entry in result.transcript]


async def test_what_is_collected_is_read_as_a_whole(spec: Spec, scenario: Author) -> None:
    collect = "{collect: NewMessage, at: bob, field: content, into: said}"
    check = '{check: "${said}", is: {$any_order: [a, b]}}'
    result = await run_untold(spec, scenario(steps(SEND.format("a"), SEND.format("b"), collect, check), **STORED))
    assert (result.outcome, result.without) == (Outcome.PASS, ("NewMessage",))


@pytest.mark.parametrize(
    ("field", "said"), [("content", "[a, a]"), ("message_id", "[{$type: string}, {$type: string}]")]
)
async def test_what_is_collected_without_ids_is_counted_once(
    spec: Spec, scenario: Author, field: str, said: str
) -> None:
    collect = f"{{collect: NewMessage, at: bob, field: {field}, into: said, count: 2}}"
    check = f'{{check: "${{said}}", is: {said}}}'
    toy = scenario(steps(SEND.format("a"), SEND.format("a"), collect, check), **STORED)
    assert (await run_untold(spec, toy, "no id")).outcome is Outcome.PASS


async def test_what_is_not_stored_does_not_stand_in(spec: Spec, scenario: Author) -> None:
    toy = scenario(steps(SEND.format("a"), TOLD.format("bob", "b", "one")), **STORED)
    assert (await run_untold(spec, toy)).outcome is Outcome.BLOCKED


@pytest.mark.parametrize("wrong", ["no broadcast", "no id"])
async def test_what_is_about_live_events_fails(spec: Spec, scenario: Author, wrong: str) -> None:
    toy = scenario(steps(SEND.format("hi"), TOLD.format("bob", "hi", "one")))
    assert (await run_untold(spec, toy, wrong)).outcome is Outcome.FAIL


async def test_an_event_without_its_id_still_has_to_come(spec: Spec, scenario: Author) -> None:
    before = TOLD.format("bob", "hi", "one")
    toy = scenario(steps(SEND.format("hi"), before, TOLD.format("bob", "hi", "two")), **STORED)
    assert (await run_untold(spec, toy, "no id")).outcome is Outcome.FAIL
