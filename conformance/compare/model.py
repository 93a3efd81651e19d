"""What a comparison of two runs is: pairs of features, rules, scenarios and probes, each with a status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.compare.explorations import Explorations
    from conformance.results.load.record import FeatureLoad, LoadRecord
    from conformance.results.model import Observation
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedFeature, JudgedRule, JudgedScenario, Judgement


class Change(StrEnum):
    """How an item of NEW compares to the same item of OLD."""

    OK = "OK"
    """Holds in both."""
    IMPROVED = "IMPROVED"
    """Better than before, and nothing of it is lost."""
    REGRESSED = "REGRESSED"
    """A part of it passed, and fails now."""
    BOTH_FAIL = "BOTH FAIL"
    """Holds in neither."""
    NOT_COMPARABLE = "NOT COMPARABLE"
    """One side was not judged, or was judged by another revision; `why` says which."""
    NEW = "NEW"
    """The spec of OLD did not have it."""
    GONE = "GONE"
    """The spec of NEW does not have it any more."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, and its judgement."""

    run: Run
    judgement: Judgement

    @property
    def name(self) -> str:
        """Give the name of its target."""
        return self.run.header.target.name


@dataclass(frozen=True, slots=True)
class ScenarioPair:
    """One scenario in both runs; `changed`: it runs or is judged in another way in NEW."""

    id: str
    old: JudgedScenario | None
    new: JudgedScenario | None
    change: Change
    why: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class RulePair:
    """One rule within one feature, in both runs."""

    id: str
    feature: str
    old: JudgedRule | None
    new: JudgedRule | None
    change: Change
    why: str = ""

    @property
    def must(self) -> bool:
        """Tell whether it decides verdicts; if NEW lowered the level, the level of OLD counts."""
        return any(side.must for side in (self.old, self.new) if side)

    @property
    def sentence(self) -> str:
        """Give the rule's sentence, the newer one if there are two."""
        side = self.new or self.old
        return side.entry.sentence if side else ""


@dataclass(frozen=True, slots=True)
class FeaturePair:
    """One line of the table."""

    number: int
    id: str
    title: str
    old: JudgedFeature | None
    new: JudgedFeature | None
    change: Change
    why: str
    rules: tuple[RulePair, ...]


@dataclass(frozen=True, slots=True)
class ProbePair:
    """One probe in both runs; it `differs` if both ran the same steps and observed different things."""

    id: str
    title: str
    why: str
    old: Observation | None
    new: Observation | None
    differs: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side, in the order of the newer spec; `notes` has what a reader must know about the two.

    `explored` has what `explore` has left beside them; None: nothing. `loads` are those that were recorded beside them.
    """

    old: Side
    new: Side
    features: tuple[FeaturePair, ...]
    scenarios: tuple[ScenarioPair, ...]
    probes: tuple[ProbePair, ...]
    notes: tuple[str, ...] = ()
    explored: Explorations | None = None
    loads: tuple[LoadRecord | None, LoadRecord | None] = (None, None)

    @property
    def loaded(self) -> bool:
        """Tell whether a load was recorded beside both runs."""
        return None not in self.loads

    def loads_of(self, feature: str) -> tuple[FeatureLoad | None, FeatureLoad | None]:
        """Give what the old and the new load have measured of a feature."""
        old, new = (
            next((row for row in load.features if row.id == feature), None) if load else None for load in self.loads
        )
        return old, new

    @property
    def rules(self) -> tuple[RulePair, ...]:
        """Give every rule in each of its features."""
        return tuple(rule for feature in self.features for rule in feature.rules)

    @property
    def changed_rules(self) -> tuple[RulePair, ...]:
        """Give the rules that are better or worse than before."""
        return tuple(rule for rule in self.rules if rule.change in (Change.REGRESSED, Change.IMPROVED))
