"""What a run means, as frozen values: judged scenarios, rules and features."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.results.model import NEEDS_OF_THE_RUN, Outcome
from conformance.results.status import RED, Status

if TYPE_CHECKING:
    from conformance.results.model import Problem, Result
    from conformance.results.runlog import FeatureEntry, RuleEntry, ScenarioEntry
    from conformance.results.waivers import Waiver


class Verdict(StrEnum):
    """The verdicts of a feature, best first."""

    OK = "OK"
    PARTIAL = "PARTIAL"
    FAIL = "FAIL"
    MISSING = "MISSING"
    OBSERVED = "OBSERVED"
    """Only for traffic of real clients: some of its rules could be judged, and no must rule fails."""
    NOT_TESTED = "NOT TESTED"


@dataclass(frozen=True, slots=True)
class JudgedScenario:
    """One scenario of the spec, all its attempts together; `results` in the order in which they were recorded.

    `broken` are the features of which a must rule fails in this run.
    """

    entry: ScenarioEntry
    status: Status
    selected: bool
    results: tuple[Result, ...] = ()
    broken: frozenset[str] = frozenset()

    @property
    def flaky(self) -> bool:
        """Tell whether its attempts ended differently."""
        return len({result.outcome for result in self.results}) > 1

    @property
    def beyond_the_run(self) -> bool:
        """Tell whether it did not apply because of what the run cannot do, whatever the server can."""
        return bool(self.results) and all(result.lacks in NEEDS_OF_THE_RUN for result in self.results)

    @property
    def blocked_by(self) -> frozenset[str]:
        """Give what blocked all its attempts: message types of other features, or features that fail; or nothing."""
        causes = [self._causes(result) for result in self.results]
        return frozenset().union(*causes) if all(causes) else frozenset()

    def _causes(self, result: Result) -> frozenset[str]:
        if result.outcome is not Outcome.BLOCKED:
            return frozenset()
        return frozenset(result.without) or (frozenset(result.stopped_by) & self.broken)

    @property
    def unseen(self) -> frozenset[str]:
        """Give what its witnesses rely on, where it has passed without them."""
        return frozenset(kind for one in self.results if one.outcome is Outcome.PASS for kind in one.without)

    @property
    def seconds(self) -> float:
        """Sum the time of all attempts."""
        return sum(result.seconds for result in self.results)


@dataclass(frozen=True, slots=True)
class Charge:
    """A finding, with the result that found it; `waived` where a waiver covers it."""

    result: Result
    finding: Problem
    waived: bool = False


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """One rule within one feature; `wholly` is False when a scenario that the spec has for it was not run.

    `without` names the message types of other features that some of its scenarios rely on and the server does not have;
    those that rely on none of them have judged it. `counts` is False if none could, since its sentence is about what
    `without` names.
    """

    entry: RuleEntry
    feature: str
    status: Status
    wholly: bool
    scenarios: tuple[JudgedScenario, ...]
    charges: tuple[Charge, ...] = ()
    without: tuple[str, ...] = ()
    counts: bool = True

    @property
    def must(self) -> bool:
        """Tell whether it decides verdicts."""
        return self.entry.level == "must"


@dataclass(frozen=True, slots=True)
class JudgedFeature:
    """One feature with its rules; `unknown_types` are its incoming types if the server knows none of them."""

    entry: FeatureEntry
    verdict: Verdict
    amber: bool
    rules: tuple[JudgedRule, ...]
    scenarios: tuple[JudgedScenario, ...]
    unknown_types: tuple[str, ...] = ()

    @property
    def selected(self) -> bool:
        """Tell whether the run was to judge something of it."""
        return any(scenario.selected for scenario in self.scenarios)

    @property
    def broken(self) -> bool:
        """Tell whether one of its must rules fails, which a scenario of another feature may have found."""
        return any(rule.must and rule.status in RED for rule in self.rules)


class State(StrEnum):
    """What has become of a waiver."""

    ACTIVE = "ACTIVE"
    STALE = "STALE"
    EXPIRED = "EXPIRED"
    UNMATCHED = "UNMATCHED"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class JudgedWaiver:
    """A waiver in one run; `covered` are the scenarios whose failing it speaks of, `passing` those that belie it."""

    entry: Waiver
    state: State
    covered: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()

    @property
    def red(self) -> bool:
        """Tell whether somebody has to look at the file."""
        return self.state in (State.STALE, State.EXPIRED, State.UNMATCHED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts of a run, in the order of the spec."""

    features: tuple[JudgedFeature, ...]
    scenarios: tuple[JudgedScenario, ...]
    exit_code: int
    waivers: tuple[JudgedWaiver, ...] = ()

    def of_rule(self, rule: str) -> tuple[JudgedRule, ...]:
        """Give a rule as it was judged in each of its features."""
        return tuple(judged for feature in self.features for judged in feature.rules if judged.entry.id == rule)
