"""A report: what every view shows, computed once from a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from conformance.report.differences import DifferenceRow, difference_rows, weakness
from conformance.report.evidence import evidence
from conformance.report.load.columns import note
from conformance.report.slow_line import slow_line
from conformance.report.text import plural
from conformance.results.verdict import JudgedFeature, JudgedScenario, Judgement, Status, Verdict, judge, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.results.explored import Exploration
    from conformance.results.load.record import FeatureLoad, LoadRecord
    from conformance.results.model import Calibration, Observation
    from conformance.results.runlog import RuleEntry, Run, TargetEntry
    from conformance.results.verdict import Charge
    from conformance.results.verdict.model import JudgedWaiver

MOST_NAMED = 8
"""Features that one line names."""

_Word = TypeVar("_Word", Verdict, Status)


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One line of the parity table: a judged feature and one line of evidence."""

    judged: JudgedFeature
    evidence: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule over all its features: the worst of them; `wholly` when it was wholly judged in each."""

    entry: RuleEntry
    status: Status
    wholly: bool
    scenarios: tuple[JudgedScenario, ...]
    charges: tuple[Charge, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A judged run. The counts have every word, zero or not; `seconds` is None when the run was cut off.

    `notes` are what a reader has to know besides, such as a slow line or a busy machine. `explored` is what `explore`
    has left beside the run.
    """

    run: str
    target: TargetEntry
    started: str
    command: str
    tool: str
    spec_digest: str
    complete: bool
    reason: str
    seconds: float | None
    exit_code: int
    feature_counts: Mapping[Verdict, int]
    rule_counts: Mapping[Status, int]
    scenario_counts: Mapping[Status, int]
    selected: int
    features: tuple[FeatureRow, ...]
    rules: tuple[RuleRow, ...]
    scenarios: tuple[JudgedScenario, ...]
    probes: tuple[Observation, ...]
    calibration: Calibration | None
    waivers: tuple[JudgedWaiver, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    notes: tuple[str, ...] = ()
    source_url: str = ""
    observed: bool = False
    explored: Exploration | None = None
    load: LoadRecord | None = None

    def load_of(self, feature: str) -> FeatureLoad | None:
        """Give what a load has measured of a feature; None: nothing."""
        rows = self.load.features if self.load is not None else ()
        return next((row for row in rows if row.id == feature), None)

    @property
    def shown(self) -> tuple[FeatureRow, ...]:
        """Give the features that were selected, and those of which a must rule fails all the same.

        Of observed traffic all are given: nobody has selected anything.
        """
        return (
            self.features
            if self.observed
            else tuple(row for row in self.features if row.judged.selected or row.judged.broken)
        )

    @property
    def shown_counts(self) -> Mapping[Verdict, int]:
        """Count the verdicts of the features that are shown."""
        return _count(Verdict, (row.judged.verdict for row in self.shown))

    @property
    def selection(self) -> str:
        """Name what was selected; empty if it was everything."""
        if self.selected >= len(self.scenarios) or self.observed:
            return ""
        titles = [row.judged.entry.title for row in self.features if row.judged.selected]
        named = (
            f"{', '.join(titles[:MOST_NAMED])}{f' and {more} more' if (more := len(titles) - MOST_NAMED) > 0 else ''}"
        )
        return f"{self.selected} of {plural(len(self.scenarios), 'scenario')}, of {named or 'no feature'}"

    @property
    def judged_nothing(self) -> bool:
        """Tell whether no feature got a verdict and nothing fails: neither good nor bad news."""
        return self.exit_code == 0 and all(row.judged.verdict is Verdict.NOT_TESTED for row in self.features)

    @property
    def weakness(self) -> str:
        """Say what makes the whole report weaker; empty if nothing does."""
        return weakness(self.differences)

    @property
    def flaky(self) -> tuple[JudgedScenario, ...]:
        """Give the scenarios whose attempts ended differently."""
        return tuple(scenario for scenario in self.scenarios if scenario.flaky)


def build(
    run: Run, source_url: str = "", explored: Exploration | None = None, load: LoadRecord | None = None
) -> Report:
    """Judge a run and compute what the views show; `source_url` is where the folder `spec/` is on the web.

    `explored` and `load` are shown beside it and change no verdict.
    """
    header, judgement = run.header, judge(run)
    rules = tuple(_rule_row(rule, judgement) for rule in header.spec.rules)
    return Report(
        run=header.run,
        target=header.target,
        started=header.started,
        command=header.command,
        tool=header.tool,
        spec_digest=header.spec.digest,
        complete=run.complete,
        reason=_reason(run),
        seconds=run.footer.seconds if run.footer else None,
        exit_code=judgement.exit_code,
        feature_counts=_count(Verdict, (feature.verdict for feature in judgement.features)),
        rule_counts=_count(Status, (rule.status for rule in rules)),
        scenario_counts=_count(Status, (scenario.status for scenario in judgement.scenarios)),
        selected=len(header.selected),
        features=tuple(
            FeatureRow(feature, evidence(feature, run.complete, observed=header.observed))
            for feature in judgement.features
        ),
        rules=rules,
        scenarios=judgement.scenarios,
        probes=run.probes,
        calibration=run.calibration,
        waivers=judgement.waivers,
        differences=difference_rows(run),
        notes=tuple(
            filter(
                None, (weakness(difference_rows(run)), *_notes(run), note(load, header.spec.digest) if load else None)
            )
        ),
        source_url=source_url,
        observed=header.observed,
        explored=explored,
        load=load,
    )


def _notes(run: Run) -> Iterator[str]:
    if run.calibration is not None:
        scale = run.header.options.get("time_scale", 1.0)
        said = slow_line(run.calibration, scale if isinstance(scale, int | float) else 1.0)
        if said:
            yield said
    if run.footer is not None:
        yield from run.footer.notes


def _reason(run: Run) -> str:
    """Say why a run is not complete; empty if it is."""
    if run.complete:
        return ""
    return (run.footer.reason or "stopped") if run.footer else "the log ends without a footer: the run was cut off"


def _rule_row(entry: RuleEntry, judgement: Judgement) -> RuleRow:
    judged = judgement.of_rule(entry.id)
    scenarios = {scenario.entry.id: scenario for rule in judged for scenario in rule.scenarios}
    # A finding that counts in several features is still one finding.
    charges = {(id(charge.result), charge.finding): charge for rule in judged for charge in rule.charges}
    return RuleRow(
        entry,
        worst(rule.status for rule in judged),
        all(rule.wholly for rule in judged),
        tuple(scenarios.values()),
        tuple(charges.values()),
        tuple(sorted({kind for rule in judged for kind in rule.without})),
    )


def _count(words: type[_Word], found: Iterable[_Word]) -> dict[_Word, int]:
    counts = Counter(found)
    return {word: counts[word] for word in words}
