"""The page of two runs side by side, as a document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from hypothesis import given, settings

from conformance.compare import align, compare
from conformance.compare.html import render_comparison
from conformance.results.model import Outcome
from tests.conformance.report import hostile, runs, toys
from tests.conformance.report.pages import Page

if TYPE_CHECKING:
    from conformance.results.runlog import Run


def passed(run: Run) -> Run:
    """Give the same run, but `edit.fails` passed, and the probe saw something else."""
    first, failed, *rest = run.results
    good = replace(failed, outcome=Outcome.PASS, problems=(), transcript=failed.transcript[:2])
    probes = tuple(replace(one, observed="no") for one in run.probes)
    return replace(run, header=replace(run.header, run="2f0e"), results=(first, good, *rest), probes=probes)


def hostile_run(text: str) -> Run:
    """Give a hostile run as it would be read: a log whose start is no moment is refused."""
    run = runs.hostile(text)
    return replace(run, header=replace(run.header, started=runs.mixed().header.started))


def page(old: Run, new: Run, scenario: str | None = None) -> Page:
    comparison = compare(old, new)
    return Page(render_comparison(comparison, align(comparison, scenario) if scenario else None))


@pytest.fixture(scope="module")
def regressed() -> Page:
    return page(passed(runs.mixed()), runs.mixed(), "edit.fails")


def test_says_first_what_is_lost(regressed: Page) -> None:
    assert "1 feature regressed" in regressed.text


def test_what_was_not_compared_makes_nothing_green() -> None:
    run = toys.forged()
    edit, _ = run.header.spec.features  # the run has judged the one, and not the other
    found = page(run, run)
    assert "1 of 2 features compared: none regressed" in found.text
    assert ("p", {"class": "headline exit-3"}) in found.elements
    alone = replace(run, header=replace(run.header, spec=replace(run.header.spec, features=(edit,))))
    assert "No feature regressed" in page(alone, alone).text
    assert ("p", {"class": "headline exit-0"}) in page(alone, alone).elements


def test_has_a_row_for_each_feature_with_both_verdicts(regressed: Page) -> None:
    assert "4 Editing ◐ PARTIAL ✕ FAIL ↓ REGRESSED" in regressed.text


def test_names_the_rules_that_changed_and_their_scenarios(regressed: Page) -> None:
    assert "↓ REGRESSED must EDIT-2 The sentence of EDIT-2. edit.fails Probes" in regressed.text


def test_shows_the_probes_that_differ_and_why_it_matters(regressed: Page) -> None:
    assert "Does it echo? echo no yes It shows twice." in regressed.text


def test_draws_both_transcripts_line_by_line(regressed: Page) -> None:
    lines = '= ← Error {code: "forbidden"} alice + new: ← Edited {id: ⟨message⟩, text: "forged"}'
    chosen, _, listed = regressed.text.partition("edit.fails, line by line")[2].partition("Scenarios What ended")
    assert lines in chosen
    assert lines in listed


@pytest.mark.parametrize("old", runs.KINDS)
@pytest.mark.parametrize("new", runs.KINDS)
def test_every_link_leads_somewhere_and_every_id_is_there_once(old: str, new: str) -> None:
    found = page(runs.KINDS[old], runs.KINDS[new])
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {unquote(link["href"][1:]) for link in found.all("a") if "href" in link} <= set(ids) | found.listed


@settings(deadline=None, max_examples=25)
@given(hostile.texts)
def test_keeps_its_shape_whatever_a_server_sends(text: str) -> None:
    shapes = [page(passed(run), run, "edit.fails").shape for run in (hostile_run("x"), hostile_run(f"x{text}"))]
    assert shapes[0] == shapes[1]


def test_is_bounded_whatever_a_server_sends() -> None:
    run = hostile_run("<b>" * 300_000)
    comparison = compare(passed(run), run)
    assert len(render_comparison(comparison, align(comparison, "edit.fails")).encode()) < 300_000
