"""`parity.json`: the report for programs, as `spec/formats/parity.schema.json` describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from conformance.report.explored import again, ordered
from conformance.report.failures import grouped
from conformance.report.text import as_json
from conformance.results.verdict import RED, UNJUDGED, Status

if TYPE_CHECKING:
    from conformance.report.failures import Group
    from conformance.report.model import FeatureRow, Report, RuleRow
    from conformance.results.explored import Exploration, Found
    from conformance.results.load.record import FeatureLoad
    from conformance.results.model import Observation, Problem, Result
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedScenario
    from conformance.results.verdict.model import JudgedWaiver

FORMAT = 1


def render(report: Report, _: Run | None = None) -> str:
    """Give the report as indented JSON, a line feed at its end; the same report gives the same bytes."""
    return as_json(document(report), indent=1)


def document(report: Report) -> dict[str, Any]:
    """Give the report as a JSON value."""
    return {
        "format": FORMAT,
        "run": report.run,
        "target": {
            "name": report.target.name,
            "instances": list(report.target.instances),
            "place": report.target.place,
            "started": report.started,
            "spec": report.spec_digest,
            "tool": report.tool,
            "command": report.command,
        },
        "complete": report.complete,
        "reason": report.reason,
        "summary": {
            "exit_code": report.exit_code,
            "seconds": report.seconds,
            "features": dict(report.feature_counts),
            "rules": dict(report.rule_counts),
            "scenarios": dict(report.scenario_counts),
            "selected": report.selected,
            "flaky": len(report.flaky),
        },
        "features": [_feature(row, report.load_of(row.judged.entry.id)) for row in report.features],
        "rules": [_rule(row) for row in report.rules],
        "scenarios": [_scenario(scenario) for scenario in report.scenarios],
        "probes": [_probe(probe) for probe in report.probes],
        "waivers": [_waiver(waiver) for waiver in report.waivers],
        "differences": [asdict(row) for row in report.differences],
        "explored": explored(report.explored) if report.explored else None,
        "calibration": _plain(asdict(report.calibration)) if report.calibration else None,
    }


def _feature(row: FeatureRow, load: FeatureLoad | None) -> dict[str, Any]:
    feature = row.judged
    return {
        "number": feature.entry.number,
        "id": feature.entry.id,
        "title": feature.entry.title,
        "verdict": feature.verdict,
        "amber": feature.amber,
        "rules": {level: _tally(row, level) for level in ("must", "should")},
        "scenarios": sum(bool(scenario.results) for scenario in feature.scenarios),
        "evidence": row.evidence,
        "reply": asdict(load.reply) if load and load.reply else None,
        "delivery": asdict(load.delivery) if load and load.delivery else None,
    }


def _tally(row: FeatureRow, level: str) -> dict[str, int]:
    rules = [rule for rule in row.judged.rules if rule.entry.level == level]
    passed = sum(rule.status is Status.PASS for rule in rules)
    failed = sum(rule.status in RED for rule in rules)
    applicable = sum(rule.status is not Status.NOT_APPLICABLE for rule in rules)
    return {
        "total": len(rules),
        "applicable": applicable,
        "judged": passed + failed,
        "passed": passed,
        "failed": failed,
        "partly": sum(rule.status is Status.PASS and not rule.wholly for rule in rules),
    }


def _rule(row: RuleRow) -> dict[str, Any]:
    return {
        "id": row.entry.id,
        "level": row.entry.level,
        "sentence": row.entry.sentence,
        "features": list(row.entry.features),
        "file": row.entry.file,
        "line": row.entry.line,
        "verdict": row.status,
        "wholly": row.wholly,
        "without": list(row.without),
        "scenarios": [scenario.entry.id for scenario in row.scenarios],
        "findings": [_finding(group) for group in _groups(row)],
    }


def _groups(row: RuleRow) -> list[Group]:
    """Put together what is alike, apart by whether a waiver covers it."""
    return [
        group
        for waived in (False, True)
        for group in grouped(charge for charge in row.charges if charge.waived is waived)
    ]


def _finding(group: Group) -> dict[str, Any]:
    charge = group.first
    seen = {"count": group.count, "scenarios": 1 + len(group.also)}
    return {"scenario": charge.result.scenario, "waived": charge.waived, **_problem(charge.finding), **seen}


def _scenario(scenario: JudgedScenario) -> dict[str, Any]:
    return {
        "id": scenario.entry.id,
        "title": scenario.entry.title,
        "feature": scenario.entry.feature,
        "rules": list(scenario.entry.rules),
        "file": scenario.entry.file,
        "line": scenario.entry.line,
        "selected": scenario.selected,
        "outcome": scenario.status,
        "attempts": [result.outcome for result in scenario.results],
        "flaky": scenario.flaky,
        "seconds": round(scenario.seconds, 6),
        "problems": [_problem(problem) for result in scenario.results for problem in _decisive(result)],
    }


def _decisive(result: Result) -> tuple[Problem, ...]:
    """Give the problems of a result; what says nothing of the server has one reason, and what follows is its echo."""
    return result.problems[:1] if str(result.outcome) in UNJUDGED else result.problems


def _problem(problem: Problem) -> dict[str, Any]:
    return {"message": problem.message, "file": problem.file, "line": problem.line, "step": problem.step}


def _probe(probe: Observation) -> dict[str, Any]:
    return {"id": probe.id, "title": probe.title, "why": probe.why, "observed": probe.observed}


def _waiver(waiver: JudgedWaiver) -> dict[str, Any]:
    return {
        **asdict(waiver.entry),
        "state": waiver.state,
        "covered": list(waiver.covered),
        "passing": list(waiver.passing),
    }


def explored(exploration: Exploration) -> dict[str, Any]:
    """Give what `explore` found, without transcripts."""
    return {
        "against": exploration.against,
        "started": exploration.started,
        "seed": exploration.seed,
        "budget": exploration.budget,
        "complete": exploration.complete,
        "conversations": exploration.conversations,
        "requests": exploration.requests,
        "cells": len(exploration.cells),
        "never_reached": list(exploration.never_reached),
        "findings": [_explored_finding(one, exploration) for one in ordered(exploration)],
    }


def _explored_finding(one: Found, exploration: Exploration) -> dict[str, Any]:
    names = ("id", "rule", "request", "difference", "judge", "explanation", "steps", "count", "replays", "known")
    found = {name: getattr(one, name) for name in names}
    return {**found, "seen_again": one.again, "again": again(one, exploration)}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {key: list(item) if isinstance(item, tuple) else item for key, item in value.items()}
