"""A comparison for programs, as `spec/formats/comparison.schema.json` describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from conformance.report.load.columns import latency_of
from conformance.report.text import as_json

if TYPE_CHECKING:
    from conformance.compare.align import Alignment
    from conformance.compare.explorations import Explorations
    from conformance.compare.model import Comparison, FeaturePair, ProbePair, RulePair, ScenarioPair, Side

FORMAT = 1


def render(comparison: Comparison, alignment: Alignment | None = None) -> str:
    """Give the comparison as indented JSON, a line feed at its end; the same runs give the same bytes."""
    return as_json(document(comparison, alignment))


def document(comparison: Comparison, alignment: Alignment | None = None) -> dict[str, Any]:
    """Give the comparison as a JSON value."""
    return {
        "format": FORMAT,
        "old": side(comparison.old),
        "new": side(comparison.new),
        "notes": list(comparison.notes),
        "features": [_feature(one, comparison) for one in comparison.features],
        "rules": [_rule(one) for one in comparison.rules],
        "scenarios": [_scenario(one) for one in comparison.scenarios],
        "probes": [_probe(one) for one in comparison.probes],
        "explored": _explored(comparison.explored) if comparison.explored else None,
        "alignment": asdict(alignment) if alignment else None,
    }


def _explored(found: Explorations) -> dict[str, Any]:
    names = ("id", "rule", "request", "explanation")
    findings = [{**{name: getattr(one.finding, name) for name in names}, "change": one.seen} for one in found.pairs]
    return {"note": found.note, "findings": findings}


def side(one: Side) -> dict[str, Any]:
    """Say which run a side is."""
    header = one.run.header
    return {
        "run": header.run,
        "target": header.target.name,
        "place": header.target.place,
        "started": header.started,
        "spec": header.spec.digest,
        "complete": one.run.complete,
    }


def _feature(one: FeaturePair, comparison: Comparison) -> dict[str, Any]:
    loads = (latency_of(load) for load in comparison.loads_of(one.id))
    old, new = (asdict(latency) if latency else None for latency in loads)
    return {
        "number": one.number,
        "id": one.id,
        "title": one.title,
        "old": one.old and one.old.verdict,
        "new": one.new and one.new.verdict,
        "status": one.change,
        "why": one.why,
        "latency": {"old": old, "new": new} if comparison.loaded else None,
    }


def _rule(one: RulePair) -> dict[str, Any]:
    return {
        "id": one.id,
        "feature": one.feature,
        "level": "must" if one.must else "should",
        "sentence": one.sentence,
        "old": one.old and one.old.status,
        "new": one.new and one.new.status,
        "status": one.change,
        "why": one.why,
    }


def _scenario(one: ScenarioPair) -> dict[str, Any]:
    return {
        "id": one.id,
        "old": one.old and one.old.status,
        "new": one.new and one.new.status,
        "status": one.change,
        "why": one.why,
        "changed": one.changed,
    }


def _probe(one: ProbePair) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "why": one.why,
        "old": one.old and one.old.observed,
        "new": one.new and one.new.observed,
        "differs": one.differs,
        "note": one.note,
    }
