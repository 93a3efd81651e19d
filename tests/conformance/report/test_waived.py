"""A waived failure in every view: never green, never among the failures, never gone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import fromstring

import pytest
from jsonschema import Draft202012Validator

from conformance.report import build, junit, parity_json
from conformance.report.failures import failures
from conformance.results import Outcome
from conformance.waivers import Waiver, Waivers
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.runlog import Run

SCHEMA = json.loads((Path(__file__).parents[3] / "spec/formats/parity.schema.json").read_text())


@pytest.fixture
def waived() -> Run:
    failed, found = toys.scenario("edit.no", ("EDIT-2",)), toys.scenario("edit.yes", ("EDIT-1",))
    head = toys.header((toys.rule("EDIT-1"), toys.rule("EDIT-2"), toys.rule("FORM-1")), (failed, found))
    entries = (
        Waiver("edit.no", "It is known.", "#1", "alice", "2026-12-31", line=4),
        Waiver("*", "Zones are missing.", "#2", "bob", "2026-12-31", rule="FORM-1", line=9),
    )
    head = replace(head, waivers=Waivers("w.yaml", "2026-02-22", entries))
    finding = toys.problem("no zone", rule="FORM-1")
    return toys.run(head, toys.result(failed, Outcome.FAIL), toys.result(found, findings=(finding,)))


def test_is_no_failure_of_a_run_that_is_as_expected(waived: Run) -> None:
    report = build(waived)
    assert report.exit_code == 0
    assert list(failures(report, waived)) == []


def test_stands_in_parity_json_with_its_reason(waived: Run) -> None:
    document = json.loads(parity_json.render(build(waived)))
    Draft202012Validator(SCHEMA).validate(document)
    assert document["features"][0]["verdict"] == "PARTIAL"
    assert [one["outcome"] for one in document["scenarios"]] == ["WAIVED", "PASS"]
    assert [one["verdict"] for one in document["rules"]] == ["PASS", "WAIVED", "WAIVED"]
    assert document["rules"][2]["findings"][0]["waived"] is True
    assert [(one["state"], one["owner"], one["covered"]) for one in document["waivers"]] == [
        ("ACTIVE", "alice", ["edit.no"]),
        ("ACTIVE", "bob", ["edit.yes"]),
    ]


def test_is_skipped_in_junit_with_what_went_wrong(waived: Run) -> None:
    document = fromstring(junit.render(build(waived), waived))
    [skipped] = document.iter("skipped")
    assert skipped.get("message") == "waived: edit.no is FAIL"
