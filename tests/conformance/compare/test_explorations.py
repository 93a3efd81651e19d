"""Two explorations side by side: what is new, gone and the same, and what a reader must know about the two."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from conformance.compare import compare, document, markdown, text
from conformance.compare.explorations import MOST, Explorations, Seen, counts, explorations
from conformance.compare.html import render_comparison
from tests.conformance.report import toys
from tests.conformance.report.pages import Page
from tests.conformance.results.explored import exploration, found

if TYPE_CHECKING:
    from conformance.results.explored import Exploration

OLD = exploration(found("a" * 8), found("b" * 8))
NEW = exploration(found("b" * 8, explanation="after Edit, bob: no Edited"), found("c" * 8), seed=8, conversations=90)
SCHEMA = json.loads((Path(__file__).parents[3] / "spec/formats/comparison.schema.json").read_text())


def both(old: Exploration | None, new: Exploration | None) -> Explorations:
    found = explorations(old, new)
    assert found is not None
    return found


def test_a_finding_is_new_gone_or_the_same() -> None:
    pairs = {one.finding.id[0]: one.seen for one in both(OLD, NEW).pairs}
    assert pairs == {"c": Seen.NEW, "a": Seen.GONE, "b": Seen.SAME}
    assert [one.seen for one in both(OLD, NEW).pairs] == [Seen.NEW, Seen.GONE, Seen.SAME]
    assert counts(both(OLD, NEW)) == "1 NEW, 1 GONE, 1 SAME"
    assert counts(both(exploration(), exploration())) == "no finding"


def test_what_both_show_is_told_as_the_new_one_shows_it() -> None:
    (same,) = [one for one in both(OLD, NEW).pairs if one.seen is Seen.SAME]
    assert same.finding.explanation == "after Edit, bob: no Edited"


def test_the_note_says_why_a_finding_may_come_or_go_by_itself() -> None:
    said = both(OLD, NEW).note
    assert "the seeds differ" in said
    assert "OLD compared 40 conversations, and NEW 90" in said
    assert "OLD was compared with reference, and NEW with old" in both(OLD, replace(OLD, against="old")).note
    assert "interrupted" in both(OLD, replace(OLD, complete=False)).note
    assert both(OLD, OLD).note == ""


@pytest.mark.parametrize(
    ("old", "new", "said"), [(None, NEW, "OLD was not explored"), (OLD, None, "NEW was not explored")]
)
def test_a_side_that_was_not_explored_makes_nothing_new_or_gone(
    old: Exploration | None, new: Exploration | None, said: str
) -> None:
    assert both(old, new).note == said
    assert {one.seen for one in both(old, new).pairs} == {Seen.NOT_COMPARABLE}
    assert explorations(None, None) is None


def test_each_view_shows_them() -> None:
    run = toys.forged()
    comparison = compare(run, run, (OLD, NEW))
    for page in (text.render(comparison), markdown.render(comparison), Page(render_comparison(comparison)).text):
        assert "1 NEW, 1 GONE, 1 SAME" in page
        assert "explored." + "c" * 8 in page
        assert "the seeds differ" in page
    value = json.loads(document.render(comparison))
    Draft202012Validator(SCHEMA).validate(value)
    assert [one["change"] for one in value["explored"]["findings"]] == ["NEW", "GONE", "SAME"]


def test_no_view_speaks_of_it_where_nothing_was_explored() -> None:
    comparison = compare(toys.forged(), toys.forged())
    for page in (text.render(comparison), markdown.render(comparison), render_comparison(comparison)):
        assert "Explored" not in page
    assert json.loads(document.render(comparison))["explored"] is None


def test_many_findings_are_counted_and_not_shown() -> None:
    many = exploration(*(found(f"{index:08x}") for index in range(MOST + 5)))
    comparison = compare(toys.forged(), toys.forged(), (exploration(), many))
    for page in (text.render(comparison), markdown.render(comparison), render_comparison(comparison)):
        assert "and 5 more findings" in page
