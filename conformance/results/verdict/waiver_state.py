"""What has become of each waiver in a run: what it covers, and whether it may stay.

    state       when                                                                     red
    ---------   ----------------------------------------------------------------------   ----
    EXPIRED     its last day is over; it covers nothing any more                         yes
    UNMATCHED   the spec has no such scenario, or no such rule                           yes
    STALE       what it says to fail passes, one of several is enough; or, of one with   yes
                a `rule`, everything that it matches was judged and nothing fails
    ACTIVE      it covers a failure                                                      no
    UNDECIDED   what it matches was left out, or could not be judged (or it is `flaky`   no
                and passed): nothing speaks for it or against it

Whether it matches is asked of the whole spec, so that a narrow selection makes no entry red.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.results.model import Outcome
from conformance.results.status import Status, worst
from conformance.results.verdict.model import JudgedWaiver, State
from conformance.scenario.selectors import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from conformance.results.verdict.model import JudgedScenario
    from conformance.results.waivers.model import Waiver, Waivers


def judge_waivers(
    waivers: Waivers,
    scenarios: Sequence[JudgedScenario],
    found: Mapping[str, Collection[str]],
    rules: Collection[str],
) -> tuple[JudgedWaiver, ...]:
    """Judge every waiver, in the order of the file.

    `scenarios` are all of the spec, `rules` the ids of all its rules; `found` says for a scenario which rules its
    findings charge.
    """
    judged = []
    for entry in waivers.entries:
        matching = [one for one in scenarios if names(entry.scenario, one.entry.id)]
        covered = tuple(one.entry.id for one in matching if _speaks_of(entry, one, found.get(one.entry.id, ())))
        passing = () if entry.rule or entry.flaky else tuple(_ids(one for one in matching if _passes(one)))
        if entry.expires < waivers.today:
            state = State.EXPIRED
        elif not matching or (entry.rule and entry.rule not in rules):
            state = State.UNMATCHED
        elif passing or (entry.rule and not covered and not entry.flaky and _all_judged(matching)):
            state = State.STALE
        else:
            state = State.ACTIVE if covered else State.UNDECIDED
        judged.append(JudgedWaiver(entry, state, covered, passing))
    return tuple(judged)


def _speaks_of(entry: Waiver, scenario: JudgedScenario, found: Collection[str]) -> bool:
    failed = any(result.outcome is Outcome.FAIL for result in scenario.results)
    if not entry.rule:
        return failed
    return entry.rule in found or (failed and entry.rule in scenario.entry.rules)


def _passes(scenario: JudgedScenario) -> bool:
    return {result.outcome for result in scenario.results} == {Outcome.PASS}


def _all_judged(matching: Iterable[JudgedScenario]) -> bool:
    """Tell whether there is nothing left in which the failure could hide."""
    raw = {worst(Status(result.outcome) for result in one.results) for one in matching}
    return raw <= {Status.PASS, Status.FAIL, Status.NOT_APPLICABLE} and raw != {Status.NOT_APPLICABLE}


def _ids(scenarios: Iterable[JudgedScenario]) -> Iterable[str]:
    return (one.entry.id for one in scenarios)
