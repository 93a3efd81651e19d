from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema
from hypothesis import given, settings

from conformance.report import build, junit
from tests.conformance.report import hostile, runs

if TYPE_CHECKING:
    from conformance.results.runlog import Run

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parent / "schemas" / "junit.xsd"))


def document(run: Run) -> str:
    return junit.render(build(run), run)


def cases(run: Run) -> dict[str, Element]:
    return {case.get("name", ""): case for case in fromstring(document(run)).iter("testcase")}


def ending(case: Element) -> tuple[str, str | None]:
    (said,) = case
    return said.tag, said.get("type")


@pytest.mark.parametrize("kind", runs.KINDS)
def test_has_the_shape_that_ci_systems_read(kind: str) -> None:
    SCHEMA.validate(document(runs.KINDS[kind]))


@settings(deadline=None, max_examples=25)
@given(hostile.texts)
def test_is_valid_whatever_the_server_sends(text: str) -> None:
    SCHEMA.validate(document(runs.hostile(text)))


def test_has_a_suite_for_each_feature_that_was_run_and_a_case_for_each_scenario() -> None:
    root = fromstring(document(runs.mixed()))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["4 Editing", "5 Dropping"]
    assert dict(suites["4 Editing"].items()) | {"time": ""} == {
        **{"name": "4 Editing", "timestamp": "2026-02-22T20:49:32+01:00", "time": ""},
        **{"file": "targets/toy.yaml"},
        **{"tests": "6", "failures": "3", "errors": "2", "skipped": "0"},
    }
    assert [case.get("classname") for case in suites["5 Dropping"].iter("testcase")] == ["drop", "drop"]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "3", "3")


def test_the_time_of_the_whole_is_that_of_the_run_and_not_a_sum() -> None:
    root = fromstring(document(runs.mixed()))
    assert root.get("time") == "1.500"
    assert fromstring(document(runs.cut_off())).get("time") == "0.012"


def test_tells_what_failed_from_what_was_not_learnt_and_what_does_not_apply() -> None:
    found = cases(runs.mixed())
    assert len(found["edit.passes"]) == 0
    assert ending(found["edit.fails"]) == ("failure", "must")
    assert ending(found["edit.amber"]) == ("failure", "should")
    assert ending(found["edit.blocked"]) == ("error", "BLOCKED")
    assert ending(found["edit.untestable[a.b]"]) == ("error", "UNTESTABLE")
    assert ending(found["drop.broken"]) == ("error", "BROKEN")
    assert ending(found["drop.none"]) == ("skipped", None)
    assert "drop.never-run" not in found


def test_a_failure_has_the_sentence_of_the_rule_and_the_transcript() -> None:
    (failure,) = cases(runs.mixed())["edit.fails"]
    assert failure.get("message") == "EDIT-2: The sentence of EDIT-2. — never Edited at alice, bob"
    assert '3.1 ms  alice ← Edited  {id: ⟨message⟩, text: "forged"}     ← not allowed' in (failure.text or "")


def test_a_finding_is_a_failure_of_its_own() -> None:
    (failure,) = cases(runs.mixed())["FORM-1 found in edit.passes"]
    assert failure.get("message") == "FORM-1: The sentence of FORM-1. — no zone in it"


def test_what_was_selected_and_never_run_is_an_error() -> None:
    found = cases(runs.stopped())
    assert {ending(case) for case in found.values()} == {("error", "NOT RUN")}
    assert found["edit.passes"][0].get("message") == "not run: interrupted"
