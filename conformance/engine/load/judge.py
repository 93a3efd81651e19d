"""Judges one scenario of a load, as `run` does; it has passed without load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.results.causes import cause_of
from conformance.results.load.tally import Ending, Failure, FailureKind
from conformance.results.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from conformance.results.load.tally import Tally
    from conformance.results.model import Problem, Result

AWAITS = frozenset({"expect", "expect_either", "collect", "page", "sync"})
"""The steps that wait for a frame."""
FORBIDS = "never"
UNEXPLAINED = "nothing in this scenario explains"
COUNTED = re.compile(r"expected [a-z ]+ (\d+) \S+ at \S+, got (\d+)$")
"""The message of a step that collects frames and counts them."""
AGAIN = "came to this connection again"

_AGAINST_THE_SERVER = frozenset({Outcome.FAIL, Outcome.BLOCKED})
"""A setup that fails only under load has failed because of the load."""


def judge(
    result: Result,
    tally: Tally,
    *,
    known: AbstractSet[str] = frozenset(),
    ignored: AbstractSet[str] = frozenset(),
    limited: bool = False,
    too_slow: str = "",
) -> Ending:
    """Count the ending of a scenario and its failures, and give the ending.

    `known` are the causes of findings that it has without load too, and `ignored` the rules that a load cannot judge on
    this target. `limited`: the server refused a request of it for a rate limit. `too_slow`: why it says nothing.
    """
    findings = [one for one in result.findings if one.rule not in ignored and cause_of(one) not in known]
    failed = result.outcome in _AGAINST_THE_SERVER
    if result.outcome is Outcome.PASS and not findings:
        ending = Ending.PASSED
    elif too_slow or not (failed or findings):
        ending = Ending.NOT_JUDGED
        tally.leave(too_slow or (cause_of(result.problems[0]) if result.problems else str(result.outcome)))
    elif limited:
        ending = Ending.LIMITED
    else:
        ending = Ending.FAILED
        for problem in (*(result.problems[:1] if failed else ()), *findings):
            tally.fail(Failure(kind_of(problem), result.scenario, cause_of(problem)), problem.message)
    tally.endings[result.feature, ending] += 1
    return ending


def kind_of(problem: Problem) -> FailureKind:
    """Say whether a problem is a lost frame, one that must not come, or anything else."""
    step = problem.step.partition(" ")[0]
    if step == FORBIDS or UNEXPLAINED in problem.message or AGAIN in problem.message:
        return FailureKind.UNEXPECTED
    if step in AWAITS and problem.message.startswith("no "):
        return FailureKind.LOST
    if counted := COUNTED.match(problem.message):
        return FailureKind.LOST if int(counted[2]) < int(counted[1]) else FailureKind.UNEXPECTED
    return FailureKind.WRONG
