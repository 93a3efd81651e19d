"""The rules that a server breaks, must rules first, each with the scenarios that show it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.failures import grouped
from conformance.report.html.scenarios import (
    LONGEST_ID,
    LONGEST_SENTENCE,
    ProblemView,
    Room,
    ScenarioView,
    Transcript,
    problem_view,
)
from conformance.report.text import line
from conformance.report.transcript import again
from conformance.results.verdict import RED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.report.model import Report, RuleRow
    from conformance.results.runlog import Run


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a scenario of another rule; `also` has others that found the same, in `count` frames in all."""

    scenario: str
    problem: ProblemView
    transcript: Transcript
    also: tuple[str, ...]
    again: str
    count: int


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A broken rule: `scenarios` are shown here, `elsewhere` are shown under another rule that they prove."""

    id: str
    level: str
    sentence: str
    place: str
    scenarios: tuple[ScenarioView, ...]
    elsewhere: tuple[str, ...]
    findings: tuple[Finding, ...]


def broken_rules(report: Report, run: Run, views: Mapping[str, ScenarioView], room: Room) -> tuple[BrokenRule, ...]:
    """Give all broken rules; each failing scenario is shown under the first rule that it breaks."""
    rows = [row for row in report.rules if row.status in RED]
    rows.sort(key=lambda row: row.entry.level != "must")
    owner: dict[str, str] = {}
    failing: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for scenario in row.scenarios:
            if scenario.status in RED:
                owner.setdefault(scenario.entry.id, row.entry.id)
                failing[row.entry.id].append(scenario.entry.id)
    return tuple(
        BrokenRule(
            id=line(row.entry.id),
            level=line(row.entry.level),
            sentence=line(row.entry.sentence, LONGEST_SENTENCE),
            place=f"{line(row.entry.file, LONGEST_ID)}:{row.entry.line}",
            scenarios=tuple(views[name] for name in failing[row.entry.id] if owner[name] == row.entry.id),
            elsewhere=tuple(line(name, LONGEST_ID) for name in failing[row.entry.id] if owner[name] != row.entry.id),
            findings=tuple(_findings(row, run, room)),
        )
        for row in rows
    )


def _findings(row: RuleRow, run: Run, room: Room) -> Iterator[Finding]:
    for group in grouped(charge for charge in row.charges if not charge.waived):
        result = group.first.result
        problem, seen = problem_view(group.first.finding, result, run, room)
        others = tuple(line(other, LONGEST_ID) for other in group.also)
        name = line(result.scenario, LONGEST_ID)
        yield Finding(name, problem, seen, others, again(result.scenario, run), group.count)
