"""The plain values that the page shows of two runs side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.compare import Change, align
from conformance.compare.explorations import counts
from conformance.report.html.scenarios import LONGEST_ID, LONGEST_SENTENCE, Room
from conformance.report.load.columns import HEAD as LOAD_HEAD
from conformance.report.load.columns import both
from conformance.report.text import line, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.compare import Alignment, Comparison, FeaturePair, ProbePair, RulePair, ScenarioPair
    from conformance.compare.explorations import Explorations

_DRAWN = (Change.REGRESSED, Change.IMPROVED, Change.BOTH_FAIL)
"""The changes that are drawn line by line while there is room, the most important first."""

_LOST = (Change.REGRESSED, Change.BOTH_FAIL)
"""The changes whose rows are on the page from the start, also for a reader without scripts."""


@dataclass(frozen=True, slots=True)
class PairView:
    """One scenario in both runs; `levels` are those of its rules; `alignment` is None if nothing is drawn."""

    key: str
    title: str
    change: str
    old: str
    new: str
    why: str
    levels: tuple[str, ...]
    rules: tuple[str, ...]
    alignment: Alignment | None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is better or worse than before, with the scenarios that show it."""

    id: str
    level: str
    sentence: str
    change: str
    why: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """One line of the table, and its scenarios; `rest` is the data of those where nothing is drawn and nothing lost."""

    number: int
    id: str
    title: str
    old: str
    new: str
    change: str
    why: str
    counts: tuple[tuple[str, int], ...]
    scenarios: tuple[PairView, ...]
    rest: tuple[dict[str, Any], ...]
    times: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ExploredChanges:
    """The findings of two explorations: each row has its status, its id, the rule and the difference."""

    counts: str
    note: str
    rows: tuple[tuple[str, str, str, str], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Everything on the page, every text of it on one visible line."""

    old: str
    new: str
    headline: str
    lost: int
    whole: bool
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str, str], ...]
    feature_counts: tuple[tuple[str, int], ...]
    scenario_counts: tuple[tuple[str, int], ...]
    features: tuple[FeatureChange, ...]
    rules: tuple[RuleChange, ...]
    probes: tuple[ProbePair, ...]
    same_probes: int
    chosen: Alignment | None
    explored: ExploredChanges | None
    loaded: tuple[str, ...]


def comparison_view(comparison: Comparison, chosen: Alignment | None) -> ComparisonView:
    """Lay out a comparison; `chosen` is a scenario that the user wants to see line by line."""
    drawn = _drawn(comparison, Room())
    by_feature: dict[str, list[PairView]] = {}
    for pair in comparison.scenarios:
        side = pair.new or pair.old
        if side is not None:
            by_feature.setdefault(side.entry.feature, []).append(_pair(pair, comparison, drawn.get(pair.id)))
    lost = sum(one.change is Change.REGRESSED for one in comparison.features)
    differing = tuple(probe for probe in comparison.probes if probe.differs)
    return ComparisonView(
        old=line(comparison.old.name),
        new=line(comparison.new.name),
        headline=_headline(comparison, lost),
        lost=lost,
        whole=all(side.run.complete for side in (comparison.old, comparison.new))
        and _compared(comparison) == len(comparison.features),
        notes=tuple(line(note, 400) for note in comparison.notes),
        facts=tuple(_facts(comparison)),
        feature_counts=_counts(one.change for one in comparison.features),
        scenario_counts=_counts(one.change for one in comparison.scenarios),
        features=tuple(
            _feature(one, by_feature.get(one.id, []), both(comparison.loads_of(one.id))) for one in comparison.features
        ),
        rules=tuple(_rule(one, comparison) for one in sorted(comparison.changed_rules, key=_urgency)),
        probes=differing,
        same_probes=len(comparison.probes) - len(differing),
        chosen=chosen,
        explored=_explored(comparison.explored) if comparison.explored else None,
        loaded=LOAD_HEAD if comparison.loaded else (),
    )


def _compared(comparison: Comparison) -> int:
    return sum(one.change is not Change.NOT_COMPARABLE for one in comparison.features)


def _headline(comparison: Comparison, lost: int) -> str:
    """Say what is lost; what could not be compared is not counted as kept."""
    compared = _compared(comparison)
    if lost:
        return f"{plural(lost, 'feature')} regressed"
    if compared == len(comparison.features):
        return "No feature regressed"
    return f"{compared} of {plural(len(comparison.features), 'feature')} compared: none regressed"


def _explored(found: Explorations) -> ExploredChanges:
    rows = tuple(
        (
            str(one.seen),
            line(f"explored.{one.finding.id}", LONGEST_ID),
            line(one.finding.rule),
            line(one.finding.explanation, 400),
        )
        for one in found.shown
    )
    return ExploredChanges(counts(found), found.note, rows, found.left_out)


def _drawn(comparison: Comparison, room: Room) -> dict[str, Alignment]:
    drawn = {}
    for change in _DRAWN:
        for pair in comparison.scenarios:
            if pair.change is change:
                alignment = align(comparison, pair.id)
                if room.take(sum(len(client.lines) for client in alignment.clients)):
                    drawn[pair.id] = alignment
    return drawn


def _pair(pair: ScenarioPair, comparison: Comparison, alignment: Alignment | None) -> PairView:
    side = pair.new or pair.old
    assert side is not None
    run = (comparison.new if pair.new else comparison.old).run
    levels = {rule.level for rule in run.header.spec.rules if rule.id in side.entry.rules}
    return PairView(
        key=line(pair.id, LONGEST_ID),
        title=line(side.entry.title, 400),
        change=pair.change,
        old=str(pair.old.status) if pair.old else "",
        new=str(pair.new.status) if pair.new else "",
        why=line(pair.why, 400),
        levels=tuple(level for level in ("must", "should") if level in levels),
        rules=tuple(line(rule) for rule in side.entry.rules),
        alignment=alignment,
    )


def _feature(pair: FeaturePair, scenarios: list[PairView], times: tuple[str, str]) -> FeatureChange:
    order = [str(change) for change in _RANKED]
    ordered = sorted(scenarios, key=lambda one: order.index(one.change))
    told = [one for one in ordered if one.alignment or one.change in _LOST]
    keys = {one.key for one in told}
    return FeatureChange(
        pair.number,
        line(pair.id),
        line(pair.title),
        str(pair.old.verdict) if pair.old else "",
        str(pair.new.verdict) if pair.new else "",
        pair.change,
        line(pair.why, 400),
        _counts(Change(one.change) for one in scenarios),
        tuple(told),
        tuple(_data(one) for one in ordered if one.key not in keys),
        times,
    )


def _data(one: PairView) -> dict[str, Any]:
    """Give what the page's script builds a row from when somebody opens the feature."""
    return {
        "key": one.key,
        "title": one.title,
        "change": one.change,
        "old": one.old,
        "now": one.new,
        "why": one.why,
        "rules": list(one.rules),
        "levels": list(one.levels),
    }


def _rule(pair: RulePair, comparison: Comparison) -> RuleChange:
    ids = {one.entry.id for side in (pair.old, pair.new) if side for one in side.scenarios}
    alike = (one.id for one in comparison.scenarios if one.id in ids and one.change is pair.change)
    return RuleChange(
        line(pair.id),
        "must" if pair.must else "should",
        line(pair.sentence, LONGEST_SENTENCE),
        pair.change,
        line(pair.why, 400),
        tuple(line(name, LONGEST_ID) for name in alike),
    )


_RANKED = (
    *(Change.REGRESSED, Change.BOTH_FAIL, Change.IMPROVED, Change.NOT_COMPARABLE),
    *(Change.NEW, Change.GONE, Change.OK),
)


def _urgency(pair: RulePair) -> tuple[bool, bool]:
    return pair.change is not Change.REGRESSED, not pair.must


def _counts(found: Iterable[Change]) -> tuple[tuple[str, int], ...]:
    counts = Counter(found)
    return tuple((str(change), counts[change]) for change in _RANKED if counts[change])


def _facts(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    old, new = comparison.old.run.header, comparison.new.run.header
    yield "Target", line(", ".join(old.target.instances), 400), line(", ".join(new.target.instances), 400)
    yield "When", line(old.started), line(new.started)
    yield "Spec", line(old.spec.digest), line(new.spec.digest)
    yield "Tool", f"chat-parity {line(old.tool)}", f"chat-parity {line(new.tool)}"
    yield "Command", line(old.command, LONGEST_ID), line(new.command, LONGEST_ID)
