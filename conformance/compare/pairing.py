"""Puts two runs side by side. Only what both ran in the same way is compared; everything else has a reason why not.

    scenario    in OLD, in NEW             status
    ---------   ------------------------   ---------------------------------------------
                not in that spec           NEW, GONE
                another revision           NOT COMPARABLE   (it has changed since)
                PASS, PASS                 OK
                PASS, failing              REGRESSED
                failing, PASS              IMPROVED
                both failing               BOTH FAIL   (FAIL, FLAKY or WAIVED)
                anything else              NOT COMPARABLE   (not judged on one side)

A rule regresses if one of its scenarios regresses, or if a scenario makes a finding that it did not make before. An
added or changed scenario does not count. A feature regresses if one of its must rules does, whatever its verdict was,
or if the server does not know the feature any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from conformance.compare.explorations import explorations
from conformance.compare.model import Change, Comparison, FeaturePair, ProbePair, RulePair, ScenarioPair, Side
from conformance.compare.notes import notes
from conformance.report.failures import reason
from conformance.report.load.columns import note
from conformance.results.load.ratio import differing_options
from conformance.results.status import FAILING, Status
from conformance.results.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.results.explored import Exploration
    from conformance.results.load.record import LoadRecord
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedFeature, JudgedRule, JudgedScenario

Item = TypeVar("Item")

_JUDGED = FAILING | {Status.PASS}

_ELSEWHERE = "it fails only where OLD was not judged in the same way"


def compare(
    old: Run,
    new: Run,
    explored: tuple[Exploration | None, Exploration | None] = (None, None),
    loads: tuple[LoadRecord | None, LoadRecord | None] = (None, None),
) -> Comparison:
    """Compare two runs, what was `explored` beside each, and the `loads` beside each.

    Each run is judged by its own spec and its own waivers.
    """
    left, right = Side(old, judge(old)), Side(new, judge(new))
    scenarios = {
        name: _scenario(name, one, another, _same_spec(old, new))
        for name, one, another in _pairs(
            {one.entry.id: one for one in left.judgement.scenarios},
            {one.entry.id: one for one in right.judgement.scenarios},
        )
    }
    features = tuple(
        _feature(one, another, scenarios)
        for _, one, another in _pairs(
            {one.entry.id: one for one in left.judgement.features},
            {one.entry.id: one for one in right.judgement.features},
        )
    )
    return Comparison(
        left,
        right,
        features,
        tuple(scenarios.values()),
        tuple(_probes(old, new)),
        (*notes(old, new), *_loads(loads, (old, new))),
        explorations(*explored),
        loads,
    )


def _loads(loads: tuple[LoadRecord | None, LoadRecord | None], runs: tuple[Run, Run]) -> Iterator[str]:
    """Say which loads the columns are of, and what makes them different loads."""
    old, new = loads
    if old is None or new is None:
        return
    for name, load, run in (("OLD", old, runs[0]), ("NEW", new, runs[1])):
        yield f"{name}: {note(load, run.header.spec.digest)}"
    differing = differing_options(old, new)
    if differing:
        yield f"the two loads differ in {', '.join(differing)}: their latencies are not comparable"


def _pairs(
    old: Mapping[str, Item], new: Mapping[str, Item]
) -> Iterator[tuple[str, Item, Item] | tuple[str, Item | None, Item | None]]:
    """Give (id, old, new) in the order of the new ones, then what is gone."""
    for name in (*new, *(gone for gone in old if gone not in new)):
        yield name, old.get(name), new.get(name)


def _same_spec(old: Run, new: Run) -> bool:
    return old.header.spec.digest == new.header.spec.digest


def _scenario(name: str, old: JudgedScenario | None, new: JudgedScenario | None, same_spec: bool) -> ScenarioPair:
    if old is None:
        return ScenarioPair(name, old, new, Change.NEW, "added since")
    if new is None:
        return ScenarioPair(name, old, new, Change.GONE, "removed since")
    if not same_spec and old.entry.revision != new.entry.revision:
        why = "it has changed since" if old.entry.revision else "one of the logs is too old to say if it has changed"
        return ScenarioPair(name, old, new, Change.NOT_COMPARABLE, why, changed=True)
    if old.status not in _JUDGED or new.status not in _JUDGED:
        return ScenarioPair(
            name, old, new, Change.NOT_COMPARABLE, _unjudged(old.status, new.status) + _beyond(old, new)
        )
    return ScenarioPair(name, old, new, _STATUS[old.status in FAILING, new.status in FAILING])


_STATUS = {
    (False, False): Change.OK,
    (False, True): Change.REGRESSED,
    (True, False): Change.IMPROVED,
    (True, True): Change.BOTH_FAIL,
}
"""Key: whether it fails in OLD, and in NEW."""


def _unjudged(old: Status, new: Status) -> str:
    sides = [f"{status} in {side}" for side, status in (("OLD", old), ("NEW", new)) if status not in _JUDGED]
    return f"{old} in both" if old is new else " and ".join(sides)


def _beyond(old: JudgedScenario, new: JudgedScenario) -> str:
    """Say why only one of the two runs could judge a scenario, where that is no fact of the server."""
    alike = old.status is new.status
    return "".join(f": {reason(one)}" for one in (old, new) if one.beyond_the_run and not alike)


def _rule(old: JudgedRule | None, new: JudgedRule | None, pairs: Mapping[str, ScenarioPair], feature: str) -> RulePair:
    entry = (new or old).entry  # type: ignore[union-attr] # one of the two is there
    if old is None or new is None:
        return RulePair(entry.id, feature, old, new, Change.NEW if old is None else Change.GONE)
    change, why = _of_rule(old, new, pairs)
    return RulePair(entry.id, feature, old, new, change, why)


def _of_rule(old: JudgedRule, new: JudgedRule, pairs: Mapping[str, ScenarioPair]) -> tuple[Change, str]:
    own = [pairs[one.entry.id].change for one in new.scenarios]
    failed, fails = old.status in FAILING, new.status in FAILING
    if Change.REGRESSED in own or (fails and not failed and _newly_charged(old, new, pairs)):
        return Change.REGRESSED, ""
    if failed and fails:
        return Change.BOTH_FAIL if Change.IMPROVED not in own else Change.IMPROVED, ""
    if fails:
        return Change.NOT_COMPARABLE, _ELSEWHERE
    if old.status not in _JUDGED or new.status not in _JUDGED:
        return Change.NOT_COMPARABLE, _unjudged(old.status, new.status)
    if not new.wholly or not old.wholly:
        return Change.NOT_COMPARABLE, f"only a part of it was judged in {'NEW' if old.wholly else 'OLD'}"
    if failed and not _cleared(old, pairs):
        return Change.NOT_COMPARABLE, "what failed has changed since"
    if failed or Change.OK in own:
        return Change.IMPROVED if failed else Change.OK, ""
    return Change.NOT_COMPARABLE, "all that proves it has changed since"


def _newly_charged(old: JudgedRule, new: JudgedRule, pairs: Mapping[str, ScenarioPair]) -> bool:
    """Tell whether a scenario that both ran made a finding in NEW only."""
    before = {charge.result.scenario for charge in old.charges}
    now = {charge.result.scenario for charge in new.charges} - before
    return any(_played_alike(pairs[name]) for name in now)


def _cleared(old: JudgedRule, pairs: Mapping[str, ScenarioPair]) -> bool:
    """Tell whether a scenario that failed the rule ran again in the same way, and fails it no more."""
    against = {one.entry.id for one in old.scenarios if one.status in FAILING}
    against |= {charge.result.scenario for charge in old.charges}
    return any(_played_alike(pairs[name]) for name in against)


def _played_alike(pair: ScenarioPair) -> bool:
    return bool(pair.old and pair.new and pair.old.results and pair.new.results and not pair.changed)


def _feature(old: JudgedFeature | None, new: JudgedFeature | None, pairs: Mapping[str, ScenarioPair]) -> FeaturePair:
    one = new or old
    assert one is not None
    entry = one.entry
    rules = tuple(
        _rule(before, after, pairs, entry.id)
        for _, before, after in _pairs(
            {rule.entry.id: rule for rule in old.rules} if old else {},
            {rule.entry.id: rule for rule in new.rules} if new else {},
        )
    )
    change, why = _of_feature(old, new, [rule for rule in rules if rule.must])
    return FeaturePair(entry.number, entry.id, entry.title, old, new, change, why, rules)


def _of_feature(old: JudgedFeature | None, new: JudgedFeature | None, musts: list[RulePair]) -> tuple[Change, str]:
    if old is None or new is None:
        return (Change.NEW, "added since") if old is None else (Change.GONE, "removed since")
    found = {rule.change for rule in musts}
    if Change.REGRESSED in found:
        return Change.REGRESSED, ""
    silent = [name for name, side in (("OLD", old), ("NEW", new)) if side.verdict is Verdict.NOT_TESTED]
    if silent:
        return Change.NOT_COMPARABLE, f"not tested in {' and '.join(silent)}"
    match old.verdict, new.verdict:
        # Scenarios of a type that the server does not know are mostly BLOCKED: they say nothing, but the feature does.
        case Verdict.OK | Verdict.PARTIAL, Verdict.MISSING:
            return Change.REGRESSED, "NEW does not know it"
        case Verdict.MISSING, Verdict.OK | Verdict.PARTIAL:
            return Change.IMPROVED, "OLD does not know it"
        case Verdict.OK, Verdict.OK if Change.OK in found:
            return Change.OK, ""
        case Verdict.OK, Verdict.OK:
            return Change.NOT_COMPARABLE, "all that proves it has changed since"
        case Verdict.OK, _:
            return Change.NOT_COMPARABLE, _ELSEWHERE
        case _ if Change.IMPROVED in found:
            return Change.IMPROVED, ""
        case _, Verdict.OK:
            return Change.NOT_COMPARABLE, "what failed has changed since"
    return Change.BOTH_FAIL, ""


def _probes(old: Run, new: Run) -> Iterable[ProbePair]:
    revisions = old.header.spec.probes, new.header.spec.probes
    for name, one, another in _pairs(
        {probe.id: probe for probe in old.probes}, {probe.id: probe for probe in new.probes}
    ):
        probe = another or one
        assert probe is not None
        changed = not _same_spec(old, new) and revisions[0].get(name) != revisions[1].get(name)
        note = ""
        if one is None or another is None:
            note = f"not observed in {'OLD' if one is None else 'NEW'}"
        elif changed:
            note = "the probe has changed since"
        elif not (one.seen and another.seen):
            sides = [side for side, it in (("OLD", one), ("NEW", another)) if not it.seen]
            note = f"could not be observed in {' and '.join(sides)}"
        differs = bool(one and another and not note and one.observed != another.observed)
        yield ProbePair(name, probe.title, probe.why, one, another, differs, note)
