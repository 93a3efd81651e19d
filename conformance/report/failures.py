"""The results that a view shows in full: each failing scenario once, each broken rule of a finding once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.report.transcript import brief_text, failure_text, finding_text
from conformance.results.causes import cause_of, exchange_cause
from conformance.results.model import Outcome, Problem
from conformance.results.verdict import FAILING, RED, UNJUDGED, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.report.model import Report
    from conformance.results.model import Result
    from conformance.results.runlog import RuleEntry, Run
    from conformance.results.verdict import Charge, JudgedScenario


MOST_ALIKE = 5
"""Failures of one cause that a view shows in full."""

MOST_FULL = 120
"""Failures that a view shows in full; of the others it shows what is wrong, without their transcripts."""

MOST_GROUPS = 40
"""Causes of findings that a view shows for one rule."""


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


@dataclass(slots=True)
class Room:
    """The room of a view for failures in full: how many of one cause, and how many in all."""

    left: int = MOST_FULL
    shown: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def take(self) -> bool:
        """Take room for one failure, or say that there is none."""
        self.left -= 1
        return self.left >= 0

    def shown_for(self, result: Result) -> str | None:
        """Take room for a result; where there is none, give the scenario that is shown in its place (or no name)."""
        first = result.problems[0] if result.problems else None
        key = str(result.outcome), exchange_cause(first) if first else ""
        some = self.shown.setdefault(key, [])
        if len(some) < MOST_ALIKE and self.take():
            some.append(result.scenario)
            return None
        return some[0] if some else ""


def failures(report: Report, run: Run) -> Iterator[Failure]:
    """Give the failures in the order of the spec: scenarios, then findings that no scenario of the rule had.

    Waived failures are left out.
    """
    rules = {rule.entry.id: rule.entry for rule in report.rules}
    room = Room()
    for scenario in report.scenarios:
        if scenario.status in RED:
            own = [rules[name] for name in scenario.entry.rules if name in rules]
            rule = min(own, key=lambda one: one.level != "must", default=None)
            must = rule is not None and rule.level == "must"
            yield Failure(scenario_text(scenario, run, room), must, scenario.entry.id, rule, _first_problem(scenario))
    for row in report.rules:
        must = row.entry.level == "must"
        for group in grouped(charge for charge in row.charges if not charge.waived):
            result, finding = group.first.result, group.first.finding
            text = finding_text(result, finding, run, group.also, group.count, full=room.take())
            yield Failure(text, must, result.scenario, row.entry, finding, found=True)


def unjudged(report: Report) -> tuple[JudgedScenario, ...]:
    """Give the scenarios that were run and say nothing about the server."""
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


def scenario_text(scenario: JudgedScenario, run: Run, room: Room) -> str:
    """Show the first attempt that ended as the scenario did, and how many did; in full while there is room for it."""
    alike = [result for result in scenario.results if ended_as(result.outcome, scenario.status)]
    # Findings are shown once per rule, not once per scenario.
    shown = replace(alike[0], findings=())
    before = room.shown_for(shown)
    text = failure_text(shown, run) if before is None else brief_text(shown, run, before)
    if len(scenario.results) > 1:
        flaky = "FLAKY: " if scenario.flaky else ""
        text += f"\n  {flaky}{alike[0].outcome} in {len(alike)} of {len(scenario.results)} attempts"
    return text


def first_failure(scenario: JudgedScenario) -> tuple[Result, Problem] | None:
    """Give the first problem of the attempts that failed, with the result that has it; None if they name none."""
    found = ((result, one) for result in scenario.results if result.outcome is Outcome.FAIL for one in result.problems)
    return next(found, None)


def _first_problem(scenario: JudgedScenario) -> Problem:
    found = first_failure(scenario)
    return found[1] if found else Problem("it failed", scenario.entry.file, scenario.entry.line)


def ended_as(outcome: Outcome, status: Status) -> bool:
    """Tell whether one attempt ended as the scenario did; a waived or flaky scenario has failed."""
    return str(outcome) == str(Status.FAIL if status in FAILING else status)


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one cause: the first in full, the ids of the other scenarios, and of how many frames they are."""

    first: Charge
    also: tuple[str, ...]
    count: int


def grouped(charges: Iterable[Charge]) -> list[Group]:
    """Put the findings with one cause together; of many causes, those with the most findings."""
    groups: dict[str, list[Charge]] = {}
    for charge in charges:
        groups.setdefault(cause_of(charge.finding), []).append(charge)
    frequent = sorted(groups, key=lambda name: -len(groups[name]))[:MOST_GROUPS]
    return [_group(groups[name]) for name in groups if name in frequent]


def _group(charges: list[Charge]) -> Group:
    names = dict.fromkeys(charge.result.scenario for charge in charges)
    names.pop(charges[0].result.scenario, None)
    return Group(charges[0], tuple(names), sum(charge.finding.count for charge in charges))
