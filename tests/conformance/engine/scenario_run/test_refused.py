"""Where a server refuses in a way of its own, only what is about Errors waits for one."""

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

GOOD = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}'
WRONG = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}"}, invalid: true}'
REFUSED = "{expect: Error, at: alice}"
EITHER = "{expect_either: [{frame: Error}, {frame: ActionConfirmed, with: {action: message_sent}}], at: alice}"
TOLD = "{expect: NewMessage, at: [alice, bob], with: {content: hi}}"
NOTHING = "{never: NewMessage, at: [alice, bob]}"
WITHOUT = ("Error",)
SILENT = ("no errors", "odd errors")
CLOSING = ("errors close", "closes")


async def run_refusing(spec: Spec, wrong: str, toy: Scenario) -> Result:
    async with toy_runner(spec, wrong=(wrong,), reply=0.3) as runner:
        assert runner.run_context.calibration.errors_close is (wrong in CLOSING)
        assert ("Error" in runner.run_context.calibration.unseen) is (wrong != "errors close")
        return await run_scenario(toy, runner.run_context)


def steps(*some: str) -> str:
    return f"steps: [{', '.join(some)}]"


@pytest.mark.parametrize("wrong", [*SILENT, *CLOSING])
@pytest.mark.parametrize("refused", [REFUSED, EITHER])
async def test_who_is_not_confirmed_is_refused(spec: Spec, scenario: Author, wrong: str, refused: str) -> None:
    result = await run_refusing(spec, wrong, scenario(steps(WRONG, refused, NOTHING)))
    assert (result.outcome, result.problems) == (Outcome.PASS, ())
    assert result.without == (() if wrong == "errors close" else WITHOUT)


@pytest.mark.parametrize("wrong", CLOSING)
async def test_who_was_refused_comes_back_and_has_joined(spec: Spec, scenario: Author, wrong: str) -> None:
    again = [WRONG, REFUSED] * 2
    result = await run_refusing(spec, wrong, scenario(steps(*again, GOOD, TOLD)))
    assert (result.outcome, result.problems, result.without) == (Outcome.PASS, (), WITHOUT)
    assert sum("alice comes back" in entry.text for entry in result.transcript) == len(again) / 2


@pytest.mark.parametrize("wrong", CLOSING)
async def test_an_error_is_found_that_came_before_the_end(spec: Spec, scenario: Author, wrong: str) -> None:
    result = await run_refusing(spec, wrong, scenario(steps(WRONG, NOTHING, "{sync: alice}", REFUSED)))
    assert (result.outcome, result.problems) == (Outcome.PASS, ())


@pytest.mark.parametrize("wrong", [*SILENT, "closes"])
async def test_what_is_granted_is_not_refused(spec: Spec, scenario: Author, wrong: str) -> None:
    result = await run_refusing(spec, wrong, scenario(steps(GOOD, REFUSED)))
    assert (result.outcome, result.problems[0].message) == (
        Outcome.FAIL,
        "no Error at alice, and the request is granted",
    )


async def test_what_is_lost_with_the_connection_is_not_judged(spec: Spec, scenario: Author) -> None:
    late = scenario(steps(WRONG, REFUSED, "{expect: NewMessage, at: alice}"))
    result = await run_refusing(spec, "errors close", late)
    assert (result.outcome, result.without) == (Outcome.BLOCKED, WITHOUT)


@pytest.mark.parametrize("wrong", [*SILENT, *CLOSING])
async def test_the_feature_that_promises_errors_fails(spec: Spec, scenario: Author, wrong: str) -> None:
    own = scenario(steps(WRONG, REFUSED, "{sync: alice}"), feature="websocket_connection", rules="[CONN-2]")
    assert (await run_refusing(spec, wrong, own)).outcome is Outcome.FAIL
