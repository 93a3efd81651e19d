"""A waived failure in every view: never green, never among the failures, never gone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import fromstring

import pytest
from jsonschema import Draft202012Validator

from conformance.report import build, github, html, junit, markdown, parity_json, terminal
from conformance.report.failures import failures
from conformance.report.fences import cell
from conformance.results.model import Outcome
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.report import runs, toys
from tests.conformance.report.pages import Page

if TYPE_CHECKING:
    from conformance.results.runlog import Run

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


COMPLAINTS = (
    "w.yaml:9: STALE: edit.passes does not fail any more; remove the entry (passes: edit.passes)",
    "w.yaml:14: EXPIRED: the waiver of edit.amber ended on 2026-01-01; repair it, or ask bob (#3)",
    "w.yaml:19: UNMATCHED: nothing in the spec is called edit.no-such",
)


def test_a_waiver_that_somebody_must_see_is_seen_in_every_view() -> None:
    run = runs.waived()
    report = build(run)
    assert report.exit_code == 1
    document = fromstring(junit.render(report, run))
    [suite] = [one for one in document if one.get("name") == "Waivers"]
    assert [one.get("message") for one in suite.iter("failure")] == list(COMPLAINTS)
    annotations = [one for one in github.render(report, run).splitlines() if " waiver::" in one]
    assert annotations[0] == f"::error file=w.yaml,line=9,title=STALE waiver::{COMPLAINTS[0]}"
    assert len(annotations) == 3
    page = Page(html.render(report, run)).text
    for complaint in COMPLAINTS:
        assert complaint in page
        assert complaint in terminal.render(report, run, 200)
        assert f"> **{cell(complaint, 400)}**" in markdown.render(report, run, failures_only=True)


def test_every_waiver_is_listed_with_its_reason_and_its_owner() -> None:
    run = runs.waived()
    for word in ("ACTIVE", "STALE", "EXPIRED", "UNMATCHED", "UNDECIDED", "It is known.", "carol"):
        assert word in markdown.render(build(run), run)
        assert word in Page(html.render(build(run), run)).text


def test_is_counted_beside_the_verdict_of_its_feature(waived: Run) -> None:
    assert build(waived).features[0].evidence == "1 of 3 must rules · 2 waived · 2 scenarios"
