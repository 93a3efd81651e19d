"""Decides whether a migration may go on: NEW loses nothing that passed in OLD, and judges everything that OLD judged.

    of a scenario that OLD judged              in NEW                                            code
    ----------------------------------------   -----------------------------------------------   ----
    it passed (PASS)                           FAIL, FLAKY                                       1
                                               WAIVED: a person has written down that it may     –
    it passed or failed                        BROKEN, UNTESTABLE, BLOCKED, NOT RUN,             3
                                               NOT APPLICABLE: another profile declares less
                                               NOT APPLICABLE: the run cannot restart it, or     –
                                               is on another machine; a note says so
                                               gone, or changed: the specs are not the same      3
                                               (not with `spec_changed`, unless it passed, changed
                                               and fails: nobody can tell if that is a loss)

    besides                                                                                      code
    ------------------------------------------------------------------------------------------   ----
    OLD or NEW is not complete, or OLD judged nothing                                            3
    a rule that passed is found broken by a scenario that did not find that before                 1
    a feature of which something passed is MISSING                                                 1
    a waiver of NEW is stale, expired or matches nothing                                         1
    a 99th percentile of the load of NEW exceeds `max_p99_ratio` times that of OLD               1
    with `max_p99_ratio`: a load is not complete, or too little was measured to compare          3

An incomplete run decides first (a dying server fails rules that it keeps), then a loss, then what is unjudged. A
scenario that was FLAKY in OLD counts as failed. A should rule counts like a must rule, unless the level is `must`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.compare.model import Change
from conformance.report.failures import reason
from conformance.report.text import plural
from conformance.results.load.ratio import nothing_compared, say, slower, unclear, why_unclear
from conformance.results.status import FAILING, RED, Status
from conformance.results.verdict import Verdict
from conformance.results.verdict.waiver_words import complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.compare.model import Comparison, RulePair, ScenarioPair

_JUDGED = FAILING | {Status.PASS}
_MOST_NAMES = 8


class Kind(StrEnum):
    """Why a gate stays closed."""

    INCOMPLETE = "INCOMPLETE"
    LOST = "LOST"
    WAIVER = "WAIVER"
    UNJUDGED = "UNJUDGED"
    CHANGED = "CHANGED"
    SLOWER = "SLOWER"


CODES = {
    Kind.INCOMPLETE: 3,
    Kind.LOST: 1,
    Kind.SLOWER: 1,
    Kind.WAIVER: 1,
    Kind.UNJUDGED: 3,
    Kind.CHANGED: 3,
}
"""Exit codes, in the order in which they decide."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that keeps the gate closed; `subject` is the id of a scenario, a rule or a feature, or a run's name."""

    kind: Kind
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a gate: the level `must` (or all), features that do not count, whether another spec is accepted.

    `max_p99_ratio` is how many times the old one a 99th percentile of the new load may be; None: loads do not count.
    """

    musts_only: bool = False
    without: frozenset[str] = frozenset()
    spec_changed: bool = False
    max_p99_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the gate is open (`exit_code` 0), in one line, with every reason against it and further notes."""

    exit_code: int
    line: str
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]


def decide(comparison: Comparison, terms: Terms) -> Decision:
    """Decide; the new run must have the waivers, and the day, that it is to be judged by."""
    counted = [pair for pair in comparison.scenarios if pair.old and _counts(pair, comparison, terms)]
    pairs = [pair for pair in counted if not _beyond(pair)]
    found = [*_incomplete(comparison, pairs), *_waivers(comparison), *_features(comparison, terms)]
    for pair in pairs:
        found += _scenario(pair, terms)
    by_id = {pair.id: pair for pair in comparison.scenarios}
    for rule in comparison.rules:
        if rule.feature not in terms.without and (rule.must or not terms.musts_only):
            found += _rule(rule, by_id)
    if terms.max_p99_ratio is not None:
        found += _slower(comparison, terms.max_p99_ratio)
    reasons = tuple(dict.fromkeys(found))  # A finding counts in every feature of its rule.
    kinds = {one.kind for one in reasons}
    code = next((code for kind, code in CODES.items() if kind in kinds), 0)
    passed = [pair for pair in pairs if pair.old and pair.old.status is Status.PASS]
    line = _line(code, reasons, len(passed), comparison)
    return Decision(code, line, reasons, (*comparison.notes, *_notes(counted, passed, terms)))


def _beyond(pair: ScenarioPair) -> bool:
    """Tell whether OLD judged what the run of NEW cannot judge, whatever the server is: it applies to neither."""
    judged = pair.old is not None and pair.old.status in _JUDGED
    return judged and pair.new is not None and pair.new.beyond_the_run


def _counts(pair: ScenarioPair, comparison: Comparison, terms: Terms) -> bool:
    sides = [(pair.old, comparison.old), (pair.new, comparison.new)]
    if any(one.entry.feature in terms.without for one, _ in sides if one):
        return False
    levels = {
        rule.level
        for one, side in sides
        if one
        for rule in side.run.header.spec.rules
        if terms.musts_only and rule.id in one.entry.rules
    }
    return not terms.musts_only or "must" in levels


def _incomplete(comparison: Comparison, pairs: list[ScenarioPair]) -> Iterator[Reason]:
    for name, side in (("OLD", comparison.old), ("NEW", comparison.new)):
        if not side.run.complete:
            yield Reason(Kind.INCOMPLETE, name, f"{name} is not complete: run it again")
    if not any(pair.old and pair.old.status in _JUDGED for pair in pairs):
        yield Reason(Kind.INCOMPLETE, "OLD", "OLD judged nothing of what counts: is it the right run?")


def _scenario(pair: ScenarioPair, terms: Terms) -> Iterator[Reason]:
    old, new = pair.old, pair.new
    if old is None or old.status not in _JUDGED:
        return
    passed = old.status is Status.PASS
    if new is None:
        if not terms.spec_changed:
            yield Reason(Kind.CHANGED, pair.id, f"{pair.id} is not in the spec of NEW")
    elif new.status not in _JUDGED:
        why = f": {reason(new)}" if reason(new) else ""
        yield Reason(Kind.UNJUDGED, pair.id, f"{pair.id} was judged ({old.status}), and is {new.status}{why}")
    elif pair.changed and passed and new.status in RED:
        yield Reason(Kind.CHANGED, pair.id, f"{pair.id} passed, has changed since, and fails: {reason(new)}")
    elif pair.changed and not terms.spec_changed:
        yield Reason(Kind.CHANGED, pair.id, f"{pair.id}: {pair.why}")
    elif passed and not pair.changed and new.status in RED:
        failed = sum(result.outcome == "FAIL" for result in new.results)
        often = f" in {failed} of {len(new.results)} attempts" if new.flaky else ""
        yield Reason(Kind.LOST, pair.id, f"{pair.id} passed, and fails{often}: {reason(new)}")


def _rule(rule: RulePair, pairs: Mapping[str, ScenarioPair]) -> Iterator[Reason]:
    """Give the findings of other scenarios against a rule that did not fail; `_scenario` covers its own scenarios."""
    if rule.old is None or rule.new is None or rule.old.status in FAILING:
        return
    for charge in rule.new.charges:
        pair = pairs[charge.result.scenario]
        if not charge.waived and pair.old is not None and pair.old.results:
            kind = Kind.CHANGED if pair.changed else Kind.LOST
            yield Reason(kind, rule.id, f"{rule.id} is found broken by {pair.id} now: {charge.finding.message}")


def _features(comparison: Comparison, terms: Terms) -> Iterator[Reason]:
    for pair in comparison.features:
        unknown = pair.new is not None and pair.new.verdict is Verdict.MISSING
        if pair.change is Change.REGRESSED and unknown and pair.old and pair.id not in terms.without:
            yield Reason(Kind.LOST, pair.id, f"{pair.title} was {pair.old.verdict}, and is MISSING")


def _waivers(comparison: Comparison) -> Iterator[Reason]:
    run, judged = comparison.new.run, comparison.new.judgement.waivers
    known = {one.id for one in run.header.spec.scenarios}
    file = run.header.waivers.file if run.header.waivers else ""
    for waiver in judged:
        if waiver.red:
            yield Reason(Kind.WAIVER, waiver.entry.scenario, complaint(waiver, file, known))


def _slower(comparison: Comparison, limit: float) -> Iterator[Reason]:
    """Give what is slower than it may be in the load beside NEW; both runs have one."""
    old, new = comparison.loads
    assert old is not None
    assert new is not None
    for name, load in (("OLD", old), ("NEW", new)):
        if not load.complete:
            yield Reason(Kind.INCOMPLETE, f"load of {name}", f"the load of {name} is not complete: {load.reason}")
    for pair in slower(old, new, limit):
        yield Reason(Kind.SLOWER, pair.type, f"{say(pair)}; at most {limit:g} times is allowed")
    doubtful = unclear(old, new, limit)
    if doubtful:
        yield Reason(Kind.UNJUDGED, "load", why_unclear(doubtful))
    if nothing_compared(old, new):
        yield Reason(Kind.UNJUDGED, "load", "too little was measured in the two loads to compare them")


def _line(code: int, reasons: tuple[Reason, ...], passed: int, comparison: Comparison) -> str:
    if not code:
        old, new = comparison.old.name, comparison.new.name
        return f"gate: open: {new} has lost nothing of {plural(passed, 'scenario')} that passed in {old}"
    # Several findings about one rule are one reason.
    counts = Counter(kind for kind, _ in {(one.kind, one.subject) for one in reasons})
    said = {
        Kind.INCOMPLETE: "a run is not complete, or judged nothing",
        Kind.LOST: f"{counts[Kind.LOST]} lost that passed",
        Kind.SLOWER: f"{counts[Kind.SLOWER]} slower than allowed",
        Kind.WAIVER: f"{plural(counts[Kind.WAIVER], 'waiver')} not valid",
        Kind.UNJUDGED: f"{counts[Kind.UNJUDGED]} not judged that was",
        Kind.CHANGED: f"{counts[Kind.CHANGED]} changed or gone in the spec",
    }
    first = next(one for kind in CODES for one in reasons if one.kind is kind)
    return f"gate: closed: {', '.join(said[kind] for kind in CODES if counts[kind])}; first: {first.sentence}"


def _beyond_by_reason(pairs: list[ScenarioPair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.new is not None and _beyond(pair):
            found.setdefault(reason(pair.new), []).append(pair.id)
    return found


def _notes(pairs: list[ScenarioPair], passed: list[ScenarioPair], terms: Terms) -> Iterator[str]:
    flaky = sum(pair.old is not None and pair.old.flaky for pair in pairs)
    if flaky:
        yield f"{plural(flaky, 'scenario')} of OLD ended in different ways; a flaky pass does not count"
    for why, names in _beyond_by_reason(pairs).items():
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        named = ", ".join(names[:_MOST_NAMES]) + more
        yield f"not compared, as the run of NEW cannot judge it ({why}): {named}"
    waived = sum(pair.new is not None and pair.new.status is Status.WAIVED for pair in passed)
    if waived:
        yield f"{plural(waived, 'scenario')} that passed may fail: a waiver says so"
    if not passed:
        yield "nothing passed in OLD, so nothing could be lost"
    if terms.without:
        yield f"not counted: {', '.join(sorted(terms.without))}"
    if terms.musts_only:
        yield "only must rules count"
