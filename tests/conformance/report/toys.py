"""A toy protocol with toy scenarios: what a test of verdicts and views needs, in one line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.results.model import Calibration, Entry, Observation, Outcome, Problem, Result
from conformance.results.runlog import (
    FeatureEntry,
    Footer,
    Header,
    MessagesEntry,
    RuleEntry,
    Run,
    ScenarioEntry,
    SpecTables,
    TargetEntry,
)

MESSAGE = "0b9c0000-0000-4000-8000-000000000001"


def rule(
    name: str, level: str = "must", features: tuple[str, ...] = ("edit",), needs: tuple[str, ...] = ()
) -> RuleEntry:
    return RuleEntry(name, level, f"The sentence of {name}.", features, "spec/rules/04-edit.yaml", 9, needs)


def scenario(name: str, rules: tuple[str, ...], feature: str = "edit") -> ScenarioEntry:
    return ScenarioEntry(name, f"The title of {name}", feature, rules, f"spec/scenarios/{name}.yaml", 2)


def header(
    rules: tuple[RuleEntry, ...],
    scenarios: tuple[ScenarioEntry, ...],
    selected: tuple[str, ...] | None = None,
    features: tuple[FeatureEntry, ...] = (FeatureEntry(4, "edit", "Editing"), FeatureEntry(5, "drop", "Dropping")),
) -> Header:
    messages = MessagesEntry({"Edit": ("edit",), "Touch": ("edit", "drop")}, "kind")
    return Header(
        run="1f0e",
        started="2026-02-22T20:49:32+01:00",
        tool="0.1.0",
        target=TargetEntry("toy", ("ws://127.0.0.1:1/ws",), "targets/toy.yaml"),
        command="chat-parity run targets/toy.yaml",
        spec=SpecTables("sha256:abc", features, rules, scenarios, messages),
        selected=tuple(item.id for item in scenarios) if selected is None else selected,
        options={"repeat": 1},
        profile={"limits": {"content_max": 4000}},
    )


def result(entry: ScenarioEntry, outcome: Outcome = Outcome.PASS, **more: Any) -> Result:
    if outcome is not Outcome.PASS and "problems" not in more:
        more["problems"] = (problem(f"{entry.id} is {outcome}"),)
    return Result(entry.id, entry.feature, entry.rules, outcome, more.pop("seconds", 0.012), **more)


def problem(message: str = "never Edited at alice", **more: Any) -> Problem:
    return Problem(message, more.pop("file", "spec/scenarios/edit.no.yaml"), more.pop("line", 27), **more)


def calibration(*unknown: str, skew: float | None = 0.0) -> Calibration:
    return Calibration(greets=True, answers_barrier=True, skew=skew, settle=0.0, patience=1.0, unknown_types=unknown)


def run(head: Header, *results: Result, **more: Any) -> Run:
    footer = more.pop("footer", Footer(complete=True, seconds=1.5, phases={"together": 1.0}))
    return Run(head, more.pop("calibration", calibration()), results, more.pop("probes", ()), footer)


def forged(text: str = "forged") -> Run:
    """Give the run of the example in the design: a refused edit that reaches a witness all the same."""
    entry = replace(scenario("edit.no", ("EDIT-2",)), file="spec/scenarios/edit.no.yaml")
    transcript = (
        Entry(0.0, "bob", "→", {"kind": "Edit", "id": MESSAGE, "text": text}),
        Entry(1.9, "bob", "←", {"kind": "Error", "code": "forbidden"}),
        Entry(3.1, "alice", "←", {"kind": "Edited", "id": MESSAGE, "text": text}),
    )
    step = "never Edited at alice, bob"
    failed = result(
        entry,
        Outcome.FAIL,
        problems=(problem(step, step=step, entry=2),),
        transcript=transcript,
        names={MESSAGE: "message"},
    )
    probes = (Observation("echo", "Does the sender get an echo?", "It shows twice.", f"observed {text}"),)
    return run(header((rule("EDIT-2"),), (entry,)), failed, probes=probes)
