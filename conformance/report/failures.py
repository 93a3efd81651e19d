"""Which results a view shows in full: each failing scenario once, each rule that others found broken once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.report.transcript import failure_text, finding_text
from conformance.results.model import Outcome, Problem
from conformance.results.verdict import UNJUDGED, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.report.model import Report
    from conformance.results.runlog import RuleEntry, Run
    from conformance.results.verdict import Charge, JudgedScenario


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: in full as plain text, and where it was noticed; `must` tells whether it decides a verdict.

    `rule` is the rule that it breaks (of several a must rule, if there is one) and `problem` the first thing that went
    wrong. `found` is True for a finding: its scenario does not prove the rule.
    """

    text: str
    must: bool
    scenario: str
    rule: RuleEntry | None
    problem: Problem
    found: bool = False


def failures(report: Report, run: Run) -> Iterator[Failure]:
    """Give what failed, in the order of the spec: scenarios, then findings that no scenario of the rule had.

    What a waiver covers is not among it.
    """
    rules = {rule.entry.id: rule.entry for rule in report.rules}
    for scenario in report.scenarios:
        if scenario.status is Status.FAIL:
            own = [rules[name] for name in scenario.entry.rules if name in rules]
            rule = min(own, key=lambda one: one.level != "must", default=None)
            must = rule is not None and rule.level == "must"
            yield Failure(scenario_text(scenario, run), must, scenario.entry.id, rule, _first_problem(scenario))
    for row in report.rules:
        must = row.entry.level == "must"
        for charge, also in grouped(charge for charge in row.charges if not charge.waived):
            text = finding_text(charge.result, charge.finding, run, also)
            yield Failure(text, must, charge.result.scenario, row.entry, charge.finding, found=True)


def unjudged(report: Report) -> tuple[JudgedScenario, ...]:
    """Give the scenarios that were run and say nothing of the server."""
    return tuple(scenario for scenario in report.scenarios if scenario.status in UNJUDGED)


def reason(scenario: JudgedScenario) -> str:
    """Give the first problem of the attempts that ended as the scenario did; empty if they name none."""
    messages = (
        problem.message
        for result in scenario.results
        if ended_as(result.outcome, scenario.status)
        for problem in result.problems
    )
    return next(messages, "")


def scenario_text(scenario: JudgedScenario, run: Run) -> str:
    """Show the first attempt that ended as the scenario did, and how many did."""
    alike = [result for result in scenario.results if ended_as(result.outcome, scenario.status)]
    # Findings are shown once per rule, not once per scenario.
    text = failure_text(replace(alike[0], findings=()), run)
    if len(scenario.results) > 1:
        text += f"\n  {scenario.status} in {len(alike)} of {len(scenario.results)} attempts"
    return text


def _first_problem(scenario: JudgedScenario) -> Problem:
    problems = (one for result in scenario.results if result.outcome is Outcome.FAIL for one in result.problems)
    return next(problems, Problem("it failed", scenario.entry.file, scenario.entry.line))


def ended_as(outcome: Outcome, status: Status) -> bool:
    """Tell whether one attempt ended as all together did; what is waived has failed."""
    return str(outcome) == str(Status.FAIL if status is Status.WAIVED else status)


def grouped(charges: Iterable[Charge]) -> Iterator[tuple[Charge, tuple[str, ...]]]:
    """Put the findings with one message together: the first in full, and the ids of the other scenarios."""
    groups: dict[str, list[Charge]] = {}
    for charge in charges:
        groups.setdefault(charge.finding.message, []).append(charge)
    for first, *others in groups.values():
        names = dict.fromkeys(other.result.scenario for other in others)
        names.pop(first.result.scenario, None)
        yield first, tuple(names)
