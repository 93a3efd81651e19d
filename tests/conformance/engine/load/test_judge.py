"""A scenario under load is judged by the checks of `run`; what it shows without load too does not count."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.engine.load.judge import judge
from conformance.results.load.tally import Ending, Failure, Tally
from conformance.results.model import Outcome, Problem, Result


def problem(message: str, step: str = "", **more: Any) -> Problem:
    return Problem(message, "toy.yaml", 1, step, **more)


def result(outcome: Outcome, *problems: Problem, findings: tuple[Problem, ...] = ()) -> Result:
    return Result("toy.told", "send_message", ("SEND-1",), outcome, 0.1, problems, findings)


def judged(one: Result, **facts: Any) -> tuple[Ending, Tally]:
    tally = Tally()
    return judge(one, tally, **facts), tally


def test_what_passes_has_passed() -> None:
    ending, tally = judged(result(Outcome.PASS))
    assert ending is Ending.PASSED
    assert tally.endings == {("send_message", "passed"): 1}
    assert not tally.failures


@pytest.mark.parametrize(
    ("message", "step", "kind"),
    [
        ("no NewMessage at bob", "expect NewMessage at bob", "lost"),
        ("bob got NewMessage 3, which nothing in this scenario explains", "", "unexpected"),
        ("NewMessage with message_id x came to this connection again", "", "unexpected"),
        ("bob got NewMessage", "never NewMessage at bob", "unexpected"),
        ("expected exactly 12 ReactionAdded at grace, got 11", "collect ReactionAdded at grace", "lost"),
        ("expected at most 2 NewMessage at bob, got 3", "collect NewMessage at bob", "unexpected"),
        ("alice was refused: 503", "", "wrong"),
    ],
)
@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.BLOCKED])
def test_what_fails_is_lost_or_unexpected_or_wrong(message: str, step: str, kind: str, outcome: Outcome) -> None:
    ending, tally = judged(result(outcome, problem(message, step)))
    assert ending is Ending.FAILED
    assert [one.kind for one in tally.failures] == [kind]


def test_a_finding_of_another_rule_fails_what_passes() -> None:
    finding = problem("bob got a frame without an id", rule="SEND-5", cause="… got a frame without an id")
    ending, tally = judged(result(Outcome.PASS, findings=(finding,)))
    assert ending is Ending.FAILED
    assert tally.failures == {Failure("wrong", "toy.told", "… got a frame without an id"): 1}


def test_a_finding_that_is_there_without_load_does_not_count() -> None:
    finding = problem("bob got a frame without an id", rule="SEND-5", cause="… got a frame without an id")
    one = result(Outcome.PASS, findings=(finding,))
    assert judged(one, known={"… got a frame without an id"})[0] is Ending.PASSED
    assert judged(one, ignored={"SEND-5"})[0] is Ending.PASSED
    assert judged(one, known={"another"}, ignored={"SEND-1"})[0] is Ending.FAILED


def test_a_failure_with_a_rate_limit_is_counted_apart() -> None:
    ending, tally = judged(result(Outcome.FAIL, problem("no NewMessage at bob", "expect …")), limited=True)
    assert ending is Ending.LIMITED
    assert not tally.failures


@pytest.mark.parametrize("outcome", [Outcome.UNTESTABLE, Outcome.NOT_APPLICABLE, Outcome.BROKEN])
def test_what_says_nothing_of_the_server_is_not_judged(outcome: Outcome) -> None:
    ending, tally = judged(result(outcome, problem("no account was free")))
    assert ending is Ending.NOT_JUDGED
    assert tally.not_judged == {"no account was free": 1}


def test_a_harness_that_is_too_slow_judges_nothing() -> None:
    ending, tally = judged(result(Outcome.BLOCKED, problem("this took 9 s")), too_slow="this took 9 s")
    assert ending is Ending.NOT_JUDGED
    assert not tally.failures
