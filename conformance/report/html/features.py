"""What the page shows of one feature: its counts, its rules, and its scenarios, the cases of one file together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.report.html.islands import Group, cases_of
from conformance.report.html.scenarios import LONGEST_SENTENCE
from conformance.report.load.columns import times
from conformance.report.text import line
from conformance.results.verdict import Status, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from conformance.report.html.scenarios import ScenarioView
    from conformance.report.model import FeatureRow, Report
    from conformance.results.verdict import JudgedFeature, JudgedRule

BAR = 100
"""The width of a feature's bar, in units."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rules of one level apply, and how many of them pass."""

    passed: int
    total: int


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule within a feature; `anchor` is its id on the page, empty where an earlier feature has it."""

    id: str
    level: str
    sentence: str
    status: str
    place: str
    anchor: str
    partly: bool
    findings: int


@dataclass(frozen=True, slots=True)
class FeatureView:
    """One feature; `bar` is (word, start, width) for each outcome of its scenarios, `times` p50 and p99 under load.

    `cases` is the data of its list, and `plain` has the ids of each outcome, for a reader without scripts.
    """

    number: int
    id: str
    title: str
    verdict: str
    amber: bool
    evidence: str
    must: Tally
    should: Tally
    scenarios_run: int
    bar: tuple[tuple[str, float, float], ...]
    times: tuple[str, str]
    rules: tuple[RuleView, ...]
    cases: tuple[Mapping[str, Any], ...]
    plain: tuple[tuple[str, tuple[str, ...]], ...]


def feature_views(
    report: Report, views: Mapping[str, ScenarioView], shown_above: Collection[str]
) -> tuple[FeatureView, ...]:
    """Give all features in the order of their numbers.

    `views` are the scenarios on the page, by id; the lists only point to those of `shown_above`.
    """
    seen: set[str] = set()
    return tuple(
        _feature(row, views, shown_above, seen, times(report.load_of(row.judged.entry.id))) for row in report.shown
    )


def _feature(
    row: FeatureRow,
    views: Mapping[str, ScenarioView],
    shown_above: Collection[str],
    seen: set[str],
    measured: tuple[str, str],
) -> FeatureView:
    judged = row.judged
    own = [views[scenario.entry.id] for scenario in judged.scenarios if scenario.entry.id in views]
    return FeatureView(
        number=judged.entry.number,
        id=line(judged.entry.id),
        title=line(judged.entry.title),
        verdict=judged.verdict,
        amber=judged.amber,
        evidence=row.evidence,
        must=_tally(judged, [rule for rule in judged.rules if rule.must]),
        should=_tally(judged, [rule for rule in judged.rules if not rule.must]),
        scenarios_run=sum(bool(scenario.results) for scenario in judged.scenarios),
        bar=_bar(own),
        times=measured,
        rules=tuple(_rule(rule, seen) for rule in judged.rules),
        cases=tuple(cases_of(_groups(own), shown_above)),
        plain=_plain(own),
    )


def _tally(feature: JudgedFeature, rules: Iterable[JudgedRule]) -> Tally:
    """Count rules; where the feature is not tested, those that were judged in part do not count, as in its evidence."""
    applying = [rule for rule in rules if rule.status is not Status.NOT_APPLICABLE]
    passed = [rule for rule in applying if rule.status is Status.PASS]
    if feature.verdict is Verdict.NOT_TESTED:
        passed = [rule for rule in passed if rule.wholly]
    return Tally(len(passed), len(applying))


def _rule(rule: JudgedRule, seen: set[str]) -> RuleView:
    entry = rule.entry
    anchor = "" if entry.id in seen else f"rule-{line(entry.id)}"
    seen.add(entry.id)
    return RuleView(
        line(entry.id),
        line(entry.level),
        line(entry.sentence, LONGEST_SENTENCE),
        rule.status,
        f"{line(entry.file, 400)}:{entry.line}",
        anchor,
        rule.status is Status.PASS and not rule.wholly,
        len(rule.charges),
    )


def _plain(scenarios: list[ScenarioView]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    keys: dict[str, list[str]] = {}
    for one in sorted(scenarios, key=lambda one: _rank(one.status)):
        keys.setdefault(one.status, []).append(one.key)
    return tuple((word, tuple(some)) for word, some in keys.items())


def _groups(scenarios: list[ScenarioView]) -> tuple[Group, ...]:
    by_base: dict[str, list[ScenarioView]] = {}
    for scenario in scenarios:
        by_base.setdefault(scenario.base, []).append(scenario)
    groups = [_group(base, cases) for base, cases in by_base.items()]
    return tuple(sorted(groups, key=lambda group: _rank(group.status)))


def _group(base: str, cases: list[ScenarioView]) -> Group:
    counts = Counter(case.status for case in cases)
    return Group(
        base,
        cases[0].title,
        worst(Status(case.status) for case in cases),
        tuple((word, counts[word]) for word in map(str, Status) if counts[word]),
        tuple(sorted(cases, key=lambda case: _rank(case.status))),
    )


def _rank(status: str) -> int:
    return [str(word) for word in Status].index(status)


def _bar(scenarios: list[ScenarioView]) -> tuple[tuple[str, float, float], ...]:
    """Divide the bar among the outcomes; good ones come first, as in a progress bar."""
    counts = Counter(scenario.status for scenario in scenarios)
    parts, start = [], 0.0
    for word in (Status.PASS, *(one for one in Status if one is not Status.PASS)):
        width = BAR * counts[word] / max(1, len(scenarios))
        if width:
            parts.append((str(word), round(start, 2), round(width, 2)))
        start += width
    return tuple(parts)
