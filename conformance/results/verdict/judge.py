"""From what was seen to what it means: scenario → rule → feature → exit code, without I/O.

    a scenario     the worst of its attempts; FLAKY when the worst is FAIL and another one is PASS
    a rule         the worst of the scenarios that prove it, in one feature; a finding charged to it is a FAIL.
                   Where one has passed, those do not count that rely on something of another feature which the server
                   does not have, or that ended before their promise in a frame of another feature that fails itself:
                   the rule is judged without them, and says so
    a feature      by its must rules, without those whose sentence is about another feature (`needs`) that the server
                   does not have:

    every must rule that applies        verdict
    ---------------------------------   ----------
    PASS (at least one), all wholly     OK
    some FAIL or BLOCKED                MISSING    if the server knows none of the feature's incoming types: what
                                                   passes all the same sends none of them
    some PASS and some FAIL             PARTIAL
    no PASS, some FAIL                  FAIL
    anything else                       NOT TESTED

A log of observed traffic (`Header.observed`) shows only what real clients did, so no feature is ever OK: FAIL if a must
rule fails, OBSERVED if a rule could be judged and no must rule fails, and NOT TESTED otherwise.

"Wholly" means that every scenario which the spec has for the rule in this feature was run: what was left out, by
the selection or by a crash, is never green. A feature of which nothing was selected is NOT TESTED, whatever the
scenarios of others have found; their findings fail its rules all the same. A `should` rule that fails makes the
feature amber and nothing else.

FLAKY counts as FAIL everywhere, and has a word of its own. A FAIL that a waiver covers is WAIVED. That is still a
failure to a feature, whose word is about the server; only the exit code is about what was expected:

    the run is not complete                                        3
    a must rule is FAIL, or a waiver is stale, expired, unmatched  1
    a feature that was selected is MISSING, and no waiver says so  1
    something that was selected says nothing of the server         3
    otherwise                                                      0
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.results.model import Outcome
from conformance.results.status import FAILING, RED, UNJUDGED, Status, worst
from conformance.results.verdict.model import Charge, JudgedFeature, JudgedRule, JudgedScenario, Judgement, Verdict
from conformance.results.verdict.waiver_state import judge_waivers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.results.model import Result
    from conformance.results.runlog import FeatureEntry, RuleEntry, Run, ScenarioEntry
    from conformance.results.verdict.model import JudgedWaiver
    from conformance.results.waivers import Waiver


def judge(run: Run) -> Judgement:
    """Judge everything that the spec of this run has."""
    spec, waivers = run.header.spec, run.header.waivers
    covers = waivers.in_force() if waivers else ()
    results: dict[str, list[Result]] = defaultdict(list)
    for result in run.results:
        results[result.scenario].append(result)
    selected = frozenset(run.header.selected)
    broken = _broken(run)
    scenarios = tuple(
        _scenario(entry, entry.id in selected, results[entry.id], covers, broken) for entry in spec.scenarios
    )
    charges = _charges(run, covers)
    unknown = frozenset(run.calibration.unknown_types) if run.calibration else frozenset()
    features = []
    for entry in spec.features:
        types = tuple(name for name, of in spec.messages.incoming.items() if entry.id in of)
        rules = tuple(
            _rule(rule, entry.id, scenarios, charges.get(rule.id, ()), covers, types)
            for rule in spec.rules
            if entry.id in rule.features
        )
        missing = types if unknown.issuperset(types) else ()
        own = tuple(scenario for scenario in scenarios if scenario.entry.feature == entry.id)
        features.append(_feature(entry, rules, own, missing, observed=run.header.observed))
    judged = judge_waivers(waivers, scenarios, _found(charges), {rule.id for rule in spec.rules}) if waivers else ()
    return Judgement(tuple(features), scenarios, exit_code(run, features, scenarios, judged), judged)


def exit_code(
    run: Run,
    features: Iterable[JudgedFeature],
    scenarios: Iterable[JudgedScenario],
    waivers: Iterable[JudgedWaiver] = (),
) -> int:
    """Read the second table at the head of this module, from its first line to its last."""
    if not run.complete:
        return 3
    if any(rule.must and rule.status in RED for feature in features for rule in feature.rules):
        return 1
    if any(waiver.red for waiver in waivers):
        return 1
    if any(feature.verdict is Verdict.MISSING and not _is_expected(feature) for feature in features):
        return 1
    silent = UNJUDGED | {Status.NOT_RUN}
    spared = {scenario.entry.id for feature in features for rule in feature.rules for scenario in _spared(rule)}
    return 3 if any(one.selected and one.status in silent and one.entry.id not in spared for one in scenarios) else 0


def _is_expected(feature: JudgedFeature) -> bool:
    """Tell whether a waiver speaks of one of its rules."""
    return any(rule.must and rule.status is Status.WAIVED for rule in feature.rules)


def _spared(rule: JudgedRule) -> tuple[JudgedScenario, ...]:
    """Give the scenarios without which a rule was judged."""
    return tuple(scenario for scenario in rule.scenarios if rule.without and scenario.blocked_by)


def belongs(rule: RuleEntry, feature: str, origin: str) -> bool:
    """Tell whether what a scenario of the feature `origin` says about a rule counts in `feature`.

    A rule of several features is judged in each from that feature's scenarios; what comes from none of its features
    counts in all of them, so that nothing which was seen is lost.
    """
    return feature == origin or origin not in rule.features


def _broken(run: Run) -> frozenset[str]:
    """Give the features of which a must rule fails."""
    spec = run.header.spec
    musts = {rule.id: rule.features for rule in spec.rules if rule.level == "must"}
    failed = {
        one.feature for one in run.results if one.outcome is Outcome.FAIL and not musts.keys().isdisjoint(one.rules)
    }
    found = (musts.get(finding.rule or "", ()) for one in run.results for finding in one.findings)
    return frozenset(failed | {feature for features in found for feature in features})


def _scenario(
    entry: ScenarioEntry,
    selected: bool,
    results: list[Result],
    covers: tuple[Waiver, ...],
    broken: frozenset[str] = frozenset(),
) -> JudgedScenario:
    failed = any(result.outcome is Outcome.FAIL for result in results)
    # Its one outcome speaks against all its rules, so that all of them have to be covered.
    waived = failed and all(_covered(entry.id, rule, covers) for rule in entry.rules or ("",))
    return JudgedScenario(entry, _status(results, waived), selected, tuple(results), broken)


def _status(results: Iterable[Result], waived: bool) -> Status:
    outcomes = {result.outcome for result in results}
    if Outcome.FAIL in outcomes and not waived:
        return Status.FLAKY if Outcome.PASS in outcomes else Status.FAIL
    return worst(Status.WAIVED if outcome is Outcome.FAIL else Status(outcome) for outcome in outcomes)


def _covered(scenario: str, rule: str, covers: tuple[Waiver, ...], *, found: bool = False) -> bool:
    return any(waiver.covers(scenario, rule, found=found) for waiver in covers)


def _charges(run: Run, covers: tuple[Waiver, ...]) -> dict[str, list[Charge]]:
    """Sort the findings by rule; one whose rule the spec does not have is charged to the rules of its scenario."""
    known = {rule.id for rule in run.header.spec.rules}
    charges: dict[str, list[Charge]] = defaultdict(list)
    for result in run.results:
        for finding in result.findings:
            for rule in (finding.rule,) if finding.rule in known else result.rules:
                charges[rule].append(Charge(result, finding, _covered(result.scenario, rule, covers, found=True)))
    return charges


def _found(charges: Mapping[str, Iterable[Charge]]) -> dict[str, set[str]]:
    """Give for each scenario the rules that its findings charge."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule, some in charges.items():
        for charge in some:
            found[charge.result.scenario].add(rule)
    return found


def _rule(
    entry: RuleEntry,
    feature: str,
    scenarios: Iterable[JudgedScenario],
    charges: Iterable[Charge],
    covers: tuple[Waiver, ...],
    types: Iterable[str],
) -> JudgedRule:
    """Judge a rule in one feature, whose incoming `types` are its own: without these nothing of it holds."""
    proofs = tuple(
        scenario
        for scenario in scenarios
        if entry.id in scenario.entry.rules and belongs(entry, feature, scenario.entry.feature)
    )
    charged = tuple(charge for charge in charges if belongs(entry, feature, charge.result.feature))
    statuses = [Status.WAIVED if charge.waived else Status.FAIL for charge in charged]
    spared = tuple(scenario for scenario in proofs if scenario.blocked_by and scenario.blocked_by.isdisjoint(types))
    statuses += [_of_rule(scenario, entry.id, covers) for scenario in proofs if scenario not in spared]
    without = frozenset[str]().union(*(scenario.blocked_by for scenario in spared), *(one.unseen for one in proofs))
    counts = not spared or not _needs_what_is_lacking(entry, spared) or not {*statuses} <= {Status.NOT_APPLICABLE}
    if Status.PASS not in statuses:
        statuses += [scenario.status for scenario in spared]
        without = frozenset() if counts else without
    wholly = bool(proofs) and all(scenario.results for scenario in proofs)
    return JudgedRule(entry, feature, worst(statuses), wholly, proofs, charged, tuple(sorted(without)), counts)


def _needs_what_is_lacking(rule: RuleEntry, spared: Iterable[JudgedScenario]) -> bool:
    """Tell whether one of these scenarios was blocked by something that the sentence of the rule is about."""
    return not all(scenario.blocked_by.isdisjoint(rule.needs) for scenario in spared)


def _of_rule(scenario: JudgedScenario, rule: str, covers: tuple[Waiver, ...]) -> Status:
    """Give what a scenario says of one of its rules: a waiver may cover this one and not the others."""
    if scenario.status in RED and _covered(scenario.entry.id, rule, covers):
        return _status(scenario.results, waived=True)
    return scenario.status


def _feature(
    entry: FeatureEntry,
    rules: tuple[JudgedRule, ...],
    scenarios: tuple[JudgedScenario, ...],
    missing: tuple[str, ...],
    *,
    observed: bool,
) -> JudgedFeature:
    musts = [rule for rule in rules if rule.must and rule.counts and rule.status is not Status.NOT_APPLICABLE]
    amber = any(rule.status in FAILING for rule in rules if not rule.must)
    selected = any(scenario.selected for scenario in scenarios)
    verdict = _verdict(musts, bool(missing)) if selected else Verdict.NOT_TESTED
    if observed:
        verdict = _seen(rules)
    return JudgedFeature(entry, verdict, amber, rules, scenarios, missing)


def _seen(rules: Iterable[JudgedRule]) -> Verdict:
    """Give the verdict of a feature in observed traffic."""
    if any(rule.must and rule.status in FAILING for rule in rules):
        return Verdict.FAIL
    return Verdict.OBSERVED if any(rule.status is not Status.NOT_RUN for rule in rules) else Verdict.NOT_TESTED


def _verdict(musts: list[JudgedRule], missing: bool) -> Verdict:
    """Read the first table at the head of this module, from its first line to its last."""
    seen = {Status.FAIL if rule.status in FAILING else rule.status for rule in musts}
    if seen == {Status.PASS} and all(rule.wholly for rule in musts):
        return Verdict.OK
    # One of its scenarios is enough, also where others cannot be provisioned.
    tried = {scenario.status for rule in musts for scenario in rule.scenarios}
    if missing and (seen | tried) & {Status.FAIL, Status.BLOCKED}:
        return Verdict.MISSING
    if seen >= {Status.PASS, Status.FAIL}:
        return Verdict.PARTIAL
    return Verdict.FAIL if Status.FAIL in seen else Verdict.NOT_TESTED
