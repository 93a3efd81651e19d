"""Logs from before keys and options were renamed are read, judged, reported, compared and gated as they were then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from conformance.cli.compare import compare
from conformance.cli.gate import gate
from conformance.report import FORMATS, build
from conformance.results.runlog import read_run
from tests.conformance.report.valid import check

RECORDED = Path(__file__).parent / "recorded"
JUDGED = json.loads((RECORDED / "judged.json").read_text())

each_run = pytest.mark.parametrize("name", JUDGED["runs"])
each_pair = pytest.mark.parametrize("pair", JUDGED["gate"])


def log(name: str) -> Path:
    return RECORDED / f"{name}.jsonl"


def counts(found: dict[str, int]) -> dict[str, int]:
    return {status: number for status, number in found.items() if number}


def judged(name: str) -> dict[str, Any]:
    """Give what the report for programs says now, in the form of `judged.json`."""
    run = read_run(log(name))
    report = json.loads(FORMATS["json"](build(run), run))
    features = {one["id"]: one["verdict"] for one in report["features"]}
    return {
        "exit_code": report["summary"]["exit_code"],
        "features": {feature: verdict for feature, verdict in features.items() if verdict != "NOT TESTED"},
        "scenarios": counts(report["summary"]["scenarios"]),
        "rules": counts(report["summary"]["rules"]),
        "differences": len(report["differences"]),
        "probes": {one["id"]: one["observed"] for one in report["probes"]},
    }


def called(command: Any, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_logs_still_have_the_words_of_their_time() -> None:
    assert '"onlookers":true' in log("passing").read_text()


@each_run
def test_is_judged_as_it_was(name: str) -> None:
    assert judged(name) == JUDGED["runs"][name]


@each_run
def test_is_reported_in_every_format(name: str) -> None:
    run = read_run(log(name))
    check(run)
    report = build(run)
    written = {form: render(report, run) for form, render in FORMATS.items()}
    nothing_to_annotate = {"github"} if report.exit_code == 0 else set()
    assert {form for form, text in written.items() if not text} == nothing_to_annotate


@each_run
def test_compared_with_itself_nothing_changed(name: str) -> None:
    done = called(compare, log(name), log(name), "--format", "json")
    assert done.exit_code == 0, done.output
    assert not any(scenario["changed"] for scenario in json.loads(done.stdout)["scenarios"])


@each_pair
def test_a_pair_is_gated_as_it_was(pair: str) -> None:
    new, _, old = pair.partition(" against ")
    assert called(gate, log(new), "--against", log(old), "--any-order").exit_code == JUDGED["gate"][pair]


@each_pair
@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_a_pair_is_compared_in_every_format(pair: str, form: str) -> None:
    new, _, old = pair.partition(" against ")
    done = called(compare, log(old), log(new), "--format", form)
    assert (done.exit_code, bool(done.stdout)) == (0, True), done.output
