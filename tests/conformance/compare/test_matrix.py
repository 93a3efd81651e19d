"""Many servers in one table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from conformance.compare.matrix import VIEWS, build_matrix
from conformance.compare.matrix.model import MOST, Cell
from conformance.compare.matrix.views import SPECS_DIFFER
from conformance.report.text import visible
from conformance.results.runlog import FeatureEntry, Run
from tests.conformance.report import hostile, runs, toys
from tests.conformance.report.pages import Page


def server(name: str, run: Run | None = None, **more: str) -> Run:
    run = run or runs.good()
    return replace(run, header=replace(run.header, target=replace(run.header.target, name=name), **more))


def test_each_feature_has_a_cell_for_each_server() -> None:
    matrix = build_matrix([server("one"), server("two", runs.mixed())])
    assert [one.name for one in matrix.servers] == ["one", "two"]
    assert [(row.number, row.title) for row in matrix.rows] == [(4, "Editing"), (5, "Dropping")]
    assert matrix.rows[0].cells == (Cell("OK", False, 1, 1), Cell("FAIL", True, 0, 3))
    assert [(one.ok, one.judged) for one in matrix.servers] == [(1, 1), (0, 1)]


def test_a_feature_that_a_spec_does_not_have_has_an_empty_cell() -> None:
    other = toys.header((), (), features=(FeatureEntry(1, "greet", "Greeting"),))
    matrix = build_matrix([server("one"), server("two", toys.run(other))])
    assert [row.id for row in matrix.rows] == ["greet", "edit", "drop"]
    assert matrix.rows[0].cells[0] == Cell()


def test_servers_of_one_name_are_told_apart() -> None:
    names = [one.name for one in build_matrix([server("a"), server("a", started="2026-03-01T00:00:00Z")]).servers]
    assert names == ["a 2026-02-22T20:49:32+01:00", "a 2026-03-01T00:00:00Z"]
    assert len({one.name for one in build_matrix([server("a")] * 3).servers}) == 3


@pytest.mark.parametrize("form", VIEWS)
def test_every_view_has_the_servers_their_verdicts_and_the_totals(form: str) -> None:
    text = VIEWS[form](build_matrix([server("one"), server("two", runs.mixed())]))
    for word in ("one", "two", "Editing", "OK", "FAIL"):
        assert word in text
    assert ("1 of 1 OK" in text) == (form != "json")
    assert text.endswith("\n")


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_different_specs_and_an_incomplete_run_are_told(form: str) -> None:
    other = server("two", runs.stopped())
    other = replace(other, header=replace(other.header, spec=replace(other.header.spec, digest="sha256:other")))
    text = VIEWS[form](build_matrix([server("one"), other]))
    assert SPECS_DIFFER in text
    assert "not complete: interrupted" in text
    assert SPECS_DIFFER not in VIEWS[form](build_matrix([server("one")]))


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_has_a_bound(count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MOST} runs"):
        build_matrix([runs.good()] * count)


@settings(deadline=None, max_examples=25)
@given(hostile.texts)
def test_no_text_leaves_its_place(text: str) -> None:
    bad, harmless = (build_matrix([runs.hostile(f"x{one}"), runs.good()]) for one in (text, "x"))
    for form in ("text", "markdown"):
        shown = VIEWS[form](bad)
        assert len(shown.splitlines()) == len(VIEWS[form](harmless).splitlines())
        assert [line for line in shown.splitlines() if visible(line) != line] == []  # a space of any width may stay
    assert Page(VIEWS["html"](bad)).shape == Page(VIEWS["html"](harmless)).shape
    json.loads(VIEWS["json"](bad))
