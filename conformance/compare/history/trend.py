"""Computes a history from its runs: pure, runs in, trends and records out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.compare.history.model import FeatureTrend, History, RunPoint, ScenarioRecord
from conformance.report.model import build
from conformance.report.text import line
from conformance.results.runlog import FeatureEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.results.runlog import Run

FAILED = frozenset({"FAIL", "FLAKY", "WAIVED"})
JUDGED = FAILED | {"PASS"}
"""Outcomes that say something about the server."""

LONGEST = 200
"""The most characters of a name in a history."""

MOST_SCENARIOS = 20_000
"""Scenarios of one run that a history takes; what comes later is left out."""


def point_of(run: Run) -> RunPoint:
    """Give what a history keeps of a run; every text is one visible line of bounded length."""
    report = build(run)
    seen = [one for one in report.scenarios if one.results][:MOST_SCENARIOS]
    return RunPoint(
        id=line(report.run, LONGEST),
        started=run.header.moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        target=line(report.target.name, LONGEST),
        spec=line(report.spec_digest, LONGEST),
        tool=line(report.tool, LONGEST),
        complete=report.complete,
        exit_code=report.exit_code,
        verdicts={line(row.judged.entry.id, LONGEST): str(row.judged.verdict) for row in report.features},
        outcomes={line(one.entry.id, LONGEST): str(one.status) for one in seen},
        unsteady=frozenset(line(one.entry.id, LONGEST) for one in seen if one.flaky),
    )


def features_of(run: Run) -> tuple[FeatureEntry, ...]:
    """Give the features of a run's spec by the names that a history has for them."""
    return tuple(
        FeatureEntry(one.number, line(one.id, LONGEST), line(one.title, LONGEST)) for one in run.header.spec.features
    )


def history_of(target: str, runs: Sequence[RunPoint], features: Iterable[FeatureEntry]) -> History:
    """Put the runs of one server, oldest first, into a history."""
    trends = [
        FeatureTrend(one.number, one.id, one.title, tuple(run.verdicts.get(one.id, "") for run in runs))
        for one in features
    ]
    shown = (trend for trend in trends if any(trend.verdicts))
    return History(target, tuple(runs), tuple(shown), tuple(_records(runs)))


def _records(runs: Sequence[RunPoint]) -> Iterator[ScenarioRecord]:
    """Give the records, those that fail now first, then the most recent failures."""
    names = {name for run in runs for name, outcome in run.outcomes.items() if outcome in FAILED}
    names |= {name for run in runs for name in run.unsteady}
    records = sorted((_record(name, runs) for name in names), key=lambda one: one.id)
    records.sort(key=lambda one: (one.now in FAILED, one.last), reverse=True)
    yield from records


def _record(name: str, runs: Sequence[RunPoint]) -> ScenarioRecord:
    seen = [(run.started, run.outcomes[name]) for run in runs if name in run.outcomes]
    judged = [outcome in FAILED for _, outcome in seen if outcome in JUDGED]
    failed = [started for started, outcome in seen if outcome in FAILED]
    return ScenarioRecord(
        id=name,
        now=seen[-1][1] if seen else "",
        judged=len(judged),
        failed=len(failed),
        first=failed[0] if failed else "",
        last=failed[-1] if failed else "",
        changes=sum(one is not other for one, other in pairwise(judged)),
        unsteady=sum(name in run.unsteady for run in runs),
    )
