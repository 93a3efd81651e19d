"""The line beside a verdict: how much was judged, and why the rest was not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.report.text import plural
from conformance.results.verdict import UNJUDGED, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.results.verdict import JudgedFeature, JudgedRule


def evidence(feature: JudgedFeature, complete: bool, *, observed: bool = False) -> str:
    """Sum up a feature, like `6 of 6 must rules, 2 of 3 should · 14 scenarios`."""
    musts = [rule for rule in feature.rules if rule.must]
    if observed:
        return _observed(feature, musts)
    shoulds = [rule for rule in feature.rules if not rule.must]
    ran = sum(bool(scenario.results) for scenario in feature.scenarios)
    if not musts:
        return "no must rules"
    if feature.verdict is Verdict.NOT_TESTED and not any(_applies(musts)):
        return f"not applicable to this target · {plural(ran, 'scenario')}"
    parts = [_rules(feature.verdict, musts, shoulds), *_gaps(musts, complete), plural(ran, "scenario")]
    if feature.verdict is Verdict.MISSING:
        parts.insert(0, f"the server does not know {', '.join(feature.unknown_types)}")
    without = sorted({kind for rule in feature.rules for kind in rule.without})
    if without:
        parts.append(f"judged without {', '.join(without)}")
    flaky = sum(scenario.flaky for scenario in feature.scenarios)
    return " · ".join([*parts, *([f"{flaky} flaky"] if flaky else [])])


def _observed(feature: JudgedFeature, musts: list[JudgedRule]) -> str:
    """Sum up a feature in observed traffic."""
    seen = sum(rule.status is not Status.NOT_RUN for rule in musts)
    wrong = sum(rule.status is Status.FAIL for rule in feature.rules)
    parts = [f"{seen} of {plural(len(musts), 'must rule')} observed"]
    return " · ".join([*parts, *([f"{plural(wrong, 'rule')} broken"] if wrong else [])])


def _rules(verdict: Verdict, musts: list[JudgedRule], shoulds: list[JudgedRule]) -> str:
    applying = _applies(musts)
    if verdict is Verdict.NOT_TESTED:
        judged = sum(rule.status is Status.PASS and rule.wholly for rule in applying)
        return f"{judged} of {plural(len(applying), 'must rule')} judged"
    text = f"{_passed(applying)} of {plural(len(applying), 'must rule')}"
    seen = [rule for rule in _applies(shoulds) if rule.status is not Status.NOT_RUN]
    return f"{text}, {_passed(seen)} of {len(seen)} should" if seen else text


def _gaps(musts: list[JudgedRule], complete: bool) -> list[str]:
    """Say what is not judged, and why: an outcome, the selection, the end of the run."""
    counts = Counter(rule.status for rule in musts)
    gaps = [f"{counts[word]} {word}" for word in Status if word in UNJUDGED and counts[word]]
    open_ended = [rule for rule in musts if not rule.wholly and rule.status in (Status.PASS, Status.NOT_RUN)]
    if open_ended:
        gaps.append(_why_not_run(open_ended, complete))
    if counts[Status.WAIVED]:
        gaps.append(f"{counts[Status.WAIVED]} waived")
    if counts[Status.NOT_APPLICABLE]:
        gaps.append(f"{counts[Status.NOT_APPLICABLE]} not applicable")
    return gaps


def _why_not_run(rules: list[JudgedRule], complete: bool) -> str:
    left_out = {scenario.selected for rule in rules for scenario in rule.scenarios if not scenario.results}
    if not left_out:
        return f"{len(rules)} without a scenario here"
    if left_out == {False}:
        return "selection"
    return "run not complete" if not complete else "selected but not run"


def _applies(rules: Iterable[JudgedRule]) -> list[JudgedRule]:
    return [rule for rule in rules if rule.status is not Status.NOT_APPLICABLE]


def _passed(rules: Iterable[JudgedRule]) -> int:
    return sum(rule.status is Status.PASS for rule in rules)
