from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator, FormatChecker

from conformance.report import build, sarif
from tests.conformance.report import hostile, runs

if TYPE_CHECKING:
    from conformance.results.runlog import Run

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


def log(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sarif.render(build(run), run))
    VALIDATOR.validate(found)
    return dict(found["runs"][0])


@pytest.mark.parametrize("kind", runs.KINDS)
def test_has_what_sarif_requires(kind: str) -> None:
    log(runs.KINDS[kind])


@settings(deadline=None, max_examples=25)
@given(hostile.texts)
def test_has_it_whatever_the_server_sends(text: str) -> None:
    log(runs.hostile(text))


def test_every_result_points_at_its_rule_and_at_the_target_file() -> None:
    found = log(runs.mixed())
    rules = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    assert [(one["ruleId"], one["level"]) for one in found["results"]] == [
        ("EDIT-2", "error"),
        ("EDIT-3", "warning"),
        ("FORM-1", "error"),
    ]
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in found["results"])
    place = found["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "targets/toy.yaml"}, "region": {"startLine": 1}}
    assert '"The sentence of EDIT-2."' in found["results"][0]["message"]["text"]


def test_links_lead_to_the_rule_and_to_the_step_where_the_spec_is_on_the_web() -> None:
    run = runs.mixed()
    base = "https://example.org/blob/v1"
    found = json.loads(sarif.render(build(run, base), run))
    VALIDATOR.validate(found)
    (one,) = found["runs"]
    assert one["tool"]["driver"]["rules"][0]["helpUri"] == f"{base}/spec/rules/04-edit.yaml#L9"
    (related,) = one["results"][0]["relatedLocations"]
    assert related["physicalLocation"] == {
        "artifactLocation": {"uri": f"{base}/spec/scenarios/edit.no.yaml"},
        "region": {"startLine": 27},
    }
    assert "helpUri" not in log(run)["tool"]["driver"]["rules"][0]


def test_without_a_file_of_the_reader_a_result_points_at_the_spec() -> None:
    run = runs.mixed()
    run = replace(run, header=replace(run.header, target=replace(run.header.target, place=None)))
    place = log(run)["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "spec/scenarios/edit.no.yaml"}, "region": {"startLine": 27}}


def test_a_failure_of_the_next_run_has_the_same_fingerprint() -> None:
    first, second = (log(run)["results"] for run in (runs.waived(), runs.hostile("other words")))
    prints = [one["partialFingerprints"]["scenario/v1"] for one in first]
    assert prints == [one["partialFingerprints"]["scenario/v1"] for one in second]
    assert len(set(prints)) == len(prints)


def test_says_whether_the_run_can_be_trusted() -> None:
    assert log(runs.good())["invocations"] == [
        {"executionSuccessful": True, "exitCode": 0, "toolExecutionNotifications": []}
    ]
    stopped = log(runs.stopped())["invocations"][0]
    assert (stopped["executionSuccessful"], stopped["exitCode"]) == (False, 3)
    assert stopped["toolExecutionNotifications"] == [{"level": "error", "message": {"text": "interrupted"}}]
