"""Which results a view shows in full: each failing scenario once, each rule that others found broken once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.report.transcript import failure_text, finding_text
from conformance.verdict import UNJUDGED, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.report.model import Report
    from conformance.results import Outcome
    from conformance.runlog import Run
    from conformance.verdict import Charge, JudgedScenario


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure in full, as plain text; `must` tells whether it decides a verdict."""

    text: str
    must: bool


def failures(report: Report, run: Run) -> Iterator[Failure]:
    """Give what failed, in the order of the spec: scenarios, then findings that no scenario of the rule had."""
    levels = {rule.entry.id: rule.entry.level for rule in report.rules}
    for scenario in report.scenarios:
        if scenario.standing is Standing.FAIL:
            must = any(levels.get(rule) == "must" for rule in scenario.entry.rules)
            yield Failure(scenario_text(scenario, run), must)
    for rule in report.rules:
        for charge, also in _grouped(rule.charges):
            yield Failure(finding_text(charge.result, charge.finding, run, also), rule.entry.level == "must")


def unjudged(report: Report) -> tuple[JudgedScenario, ...]:
    """Give the scenarios that were played and say nothing of the server."""
    return tuple(scenario for scenario in report.scenarios if scenario.standing in UNJUDGED)


def reason(scenario: JudgedScenario) -> str:
    """Give the first problem of the attempts that ended as the scenario did; empty if they name none."""
    messages = (
        problem.message
        for result in scenario.results
        if _is(result.outcome, scenario.standing)
        for problem in result.problems
    )
    return next(messages, "")


def scenario_text(scenario: JudgedScenario, run: Run) -> str:
    """Show the first attempt that ended as the scenario did, and how many did."""
    alike = [result for result in scenario.results if _is(result.outcome, scenario.standing)]
    # Findings are shown once per rule, not once per scenario.
    text = failure_text(replace(alike[0], findings=()), run)
    if len(scenario.results) > 1:
        text += f"\n  {scenario.standing} in {len(alike)} of {len(scenario.results)} attempts"
    return text


def _is(outcome: Outcome, standing: Standing) -> bool:
    return str(outcome) == str(standing)


def _grouped(charges: tuple[Charge, ...]) -> Iterator[tuple[Charge, tuple[str, ...]]]:
    """Put the findings with one message together: the first in full, and the ids of the other scenarios."""
    groups: dict[str, list[Charge]] = {}
    for charge in charges:
        groups.setdefault(charge.finding.message, []).append(charge)
    for first, *others in groups.values():
        names = dict.fromkeys(other.result.scenario for other in others)
        names.pop(first.result.scenario, None)
        yield first, tuple(names)
