"""The plain values that the page shows of a run: a head, the table of features, failures, then everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.badge import message
from conformance.report.failures import reason, unjudged
from conformance.report.html.broken import BrokenRule, broken_rules
from conformance.report.html.explored import ExploredView, explored_view
from conformance.report.html.features import FeatureView, feature_views
from conformance.report.html.probes import ProbeView, probe_views
from conformance.report.html.scenarios import LONGEST_ID, Room, ScenarioView, scenario_view
from conformance.report.html.sources import sources
from conformance.report.likely_causes import MOST as MOST_CAUSES
from conformance.report.likely_causes import counted, likely_causes
from conformance.report.load.columns import HEAD as LOAD_HEAD
from conformance.report.markdown import calibration
from conformance.report.tables import Table, tables
from conformance.report.text import fit, line
from conformance.report.waived import red_waivers
from conformance.results.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.report.differences import DifferenceRow
    from conformance.report.likely_causes import LikelyCause
    from conformance.report.model import Report
    from conformance.results.runlog import Run


@dataclass(frozen=True, slots=True)
class Silence:
    """One reason why scenarios say nothing about the server; `scenarios` has their ids."""

    status: str
    reason: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaiverView:
    """One waiver and its state; `complaint` is empty unless a person has to act."""

    state: str
    scenario: str
    rule: str
    reason: str
    issue: str
    owner: str
    expires: str
    complaint: str


@dataclass(frozen=True, slots=True)
class CauseView:
    """What probably causes some failures, with the shortest scenario that shows it; `scenarios` has all ids."""

    headline: str
    example: str
    title: str
    scenario: str
    scenarios: tuple[str, ...]
    rules: tuple[str, ...]
    seen: str
    must: bool


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything on the page; each text is one visible line."""

    target: str
    headline: str
    complete: bool
    reason: str
    colour: str
    short_facts: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    feature_counts: tuple[tuple[str, int], ...]
    scenario_counts: tuple[tuple[str, int], ...]
    features: tuple[FeatureView, ...]
    rules: frozenset[str]
    causes: tuple[CauseView, ...]
    more_causes: int
    broken: tuple[BrokenRule, ...]
    silent: tuple[Silence, ...]
    flaky: tuple[ScenarioView, ...]
    waivers: tuple[WaiverView, ...]
    tables: tuple[Table, ...]
    probes: tuple[ProbeView, ...]
    differences: tuple[DifferenceRow, ...]
    sources: Mapping[str, tuple[int, str]]
    not_run: int
    explored: ExploredView | None
    loaded: tuple[str, ...]


def page_view(report: Report, run: Run) -> PageView:
    """Lay a run out; transcripts of examples of causes come first, then of failures, then of the rest."""
    room = Room()
    rules = {rule.entry.id: rule.entry for rule in report.rules}
    found = [scenario for scenario in report.scenarios if scenario.results or scenario.selected]
    causes = likely_causes(report, run)
    examples = {cause.scenario for cause in causes[:MOST_CAUSES]}
    ordered = sorted(found, key=lambda one: (one.entry.id not in examples, list(Status).index(one.status)))
    views = {scenario.entry.id: scenario_view(scenario, run, rules, room) for scenario in ordered}
    broken = broken_rules(report, run, views, room)
    shown_above = frozenset(scenario.key for rule in broken for scenario in rule.scenarios)
    shown = feature_views(report, views, shown_above)
    return PageView(
        target=line(report.target.name),
        headline=message(report).replace("OK", "features OK"),
        complete=report.complete,
        reason=line(report.reason, 400),
        colour="none" if report.judged_nothing else str(report.exit_code),
        short_facts=tuple(_short_facts(report)),
        facts=(*_facts(report), *(("Note", line(note, 600)) for note in report.notes)),
        feature_counts=tuple((str(word), count) for word, count in report.shown_counts.items() if count),
        scenario_counts=tuple((str(word), count) for word, count in report.scenario_counts.items() if count),
        features=shown,
        rules=frozenset(rule.id for feature in shown for rule in feature.rules),
        causes=tuple(map(_cause, causes[:MOST_CAUSES])),
        more_causes=max(0, len(causes) - MOST_CAUSES),
        broken=broken,
        silent=_silent(report),
        flaky=tuple(views[scenario.entry.id] for scenario in report.flaky),
        waivers=_waivers(report, run),
        tables=tables(report.scenarios),
        probes=probe_views(run, room),
        differences=report.differences,
        sources=sources(run),
        not_run=len(report.scenarios) - len(views),
        explored=explored_view(report.explored) if report.explored else None,
        loaded=LOAD_HEAD if report.load else (),
    )


def _cause(cause: LikelyCause) -> CauseView:
    return CauseView(
        headline=cause.headline,
        example=cause.example,
        title=cause.title,
        scenario=line(cause.scenario, LONGEST_ID),
        scenarios=tuple(line(name, LONGEST_ID) for name in cause.scenarios),
        rules=tuple(line(rule) for rule in cause.rules),
        seen=counted(cause),
        must=cause.must,
    )


def _waivers(report: Report, run: Run) -> tuple[WaiverView, ...]:
    """Give all waivers; those that need a person come first."""
    complaints = {id(waiver): said for waiver, said in red_waivers(report, run)}
    views = [
        WaiverView(
            state=one.state,
            scenario=line(one.entry.scenario, LONGEST_ID),
            rule=line(one.entry.rule),
            reason=line(one.entry.reason, 400),
            issue=line(one.entry.issue, 400),
            owner=line(one.entry.owner),
            expires=line(one.entry.expires),
            complaint=complaints.get(id(one), ""),
        )
        for one in report.waivers
    ]
    return tuple(sorted(views, key=lambda one: not one.complaint))


def _short_facts(report: Report) -> Iterator[str]:
    """Say when, where, by what and how long, for the head of the page."""
    yield line(report.started)
    yield ", ".join(line(url) for url in report.target.instances[:2]) or "no address"
    yield f"took {report.seconds:.1f} s" if report.seconds is not None else "cut off"
    yield f"chat-parity {line(report.tool)}"
    yield f"spec {fit(line(report.spec_digest), 20)}"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    yield "Target", ", ".join(line(url) for url in report.target.instances) or "–"
    yield "When", line(report.started)
    if report.seconds is not None:
        yield "Took", f"{report.seconds:.1f} s"
    yield "Spec", line(report.spec_digest)
    yield "Tool", f"chat-parity {line(report.tool)}"
    if report.selection:
        yield "Selected", line(report.selection, 400)
    yield "Command", line(report.command, LONGEST_ID)
    yield "Calibration", line(calibration(report), 600)
    yield "Exit code", str(report.exit_code)


def _silent(report: Report) -> tuple[Silence, ...]:
    """Group the scenarios that say nothing by their reason, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in unjudged(report):
        groups.setdefault((one.status, line(reason(one), 400)), []).append(line(one.entry.id, LONGEST_ID))
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(Silence(status, why, tuple(ids)) for (status, why), ids in ordered)
