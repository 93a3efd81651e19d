"""What `explore` found beside a run, in each form of its report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from conformance.report import FORMATS, build
from conformance.report.explored import MOST_FINDINGS, MOST_LINES, again, finding_lines, section_lines
from conformance.results.explored import Client, Exploration, SideLine
from tests.conformance.report import hostile, runs
from tests.conformance.report.pages import Page
from tests.conformance.results.explored import LINES, exploration, found

SCHEMA = json.loads((Path(__file__).parents[3] / "spec/formats/parity.schema.json").read_text())
SHOWN = ("text", "markdown", "html", "json")


def view(form: str, one: Exploration | None) -> str:
    run = runs.mixed()
    return FORMATS[form](build(run, explored=one), run)


@pytest.mark.parametrize("form", SHOWN)
def test_each_form_has_the_finding_its_rule_and_the_command(form: str) -> None:
    text = view(form, exploration(found()))
    said = Page(text).text if form == "html" else text
    for wanted in ("EDIT-2", "after Edit, ann: another Edited: text", "chat-parity run targets/toy.yaml"):
        assert wanted in said
    assert "Explored" in said or form == "json"
    assert "0a1b2c3d" in text


@pytest.mark.parametrize("form", FORMATS)
def test_a_run_beside_which_nothing_was_explored_says_nothing_of_it(form: str) -> None:
    assert "xplored.0" not in view(form, None)
    if form in SHOWN:
        assert view(form, None) != view(form, exploration())


def test_both_transcripts_stand_side_by_side_up_to_the_line_that_differs() -> None:
    lines = finding_lines(found(), exploration(found()))
    (marked,) = [one for one in lines if "≠" in one]
    assert 'text: "one"' in marked.partition(" | ")[0]
    assert 'text: "two"' in marked.partition(" | ")[2]
    assert any(one.strip().startswith("toy") and one.endswith("| reference") for one in lines)
    rows = Page(view("html", exploration(found())))
    assert len([one for one in rows.all("tr") if one.get("class") == "bad"]) == 1


def test_a_finding_of_one_server_alone_has_one_side() -> None:
    alone = found(judge="alone", clients=(Client("ann", (SideLine("← Edited {}", None),)),))
    text = "\n".join(finding_lines(alone, exploration(alone)))
    assert "← Edited {}" in text
    assert " | " not in text
    assert "reference</th>" not in view("html", exploration(alone))


def test_the_section_says_what_was_drawn_and_what_was_never_reached() -> None:
    text = "\n".join(section_lines(exploration(found(again=1), found("1" * 8, known="nobody minds"))))
    assert "toy against reference" in text
    assert "seed 7, budget 60 s, up to 40 steps a conversation" in text
    assert "2, 1 known, 1 flaky" in text
    assert "2 cells of request and role, or request and kind of value, 1 never reached: Edit role=outsider" in text
    assert "2026-11-29T20:00:00Z" in text
    assert "FLAKY: 1 of 3 replays show it" in text
    assert "known: nobody minds" in text


def test_the_section_says_how_much_shorter_the_findings_have_become() -> None:
    some = found(seconds_to_shrink=4.0), found("1" * 8, steps=4, steps_before=41, seconds_to_shrink=6.0)
    text = "\n".join(section_lines(exploration(*some, found("2" * 8, steps=30))))
    assert "Shortened: 2 findings: from 36 steps to 3 in 5.0 s (medians)" in text
    assert "Shortened" not in "\n".join(section_lines(exploration(found())))


def test_new_findings_that_every_replay_shows_come_first() -> None:
    some = exploration(found("1" * 8, known="x"), found("2" * 8, again=1), found("3" * 8))
    text = view("text", some)
    assert text.index("3" * 8) < text.index("2" * 8) < text.index("1" * 8)


def test_the_reference_server_is_named_by_no_target() -> None:
    assert again(found(), exploration(place=None)) == "chat-parity run reports/toy/explored-0a1b2c3d.yaml"
    assert again(found(file=""), exploration()) == ""


@pytest.mark.parametrize("form", SHOWN[:3])
def test_many_findings_and_long_transcripts_take_bounded_room(form: str) -> None:
    lines = tuple(SideLine("x" * 1000, "y" * 1000) for _ in range(60))
    many = [found(f"{index:08x}", clients=(Client("ann", lines),) * 8) for index in range(35)]
    text = view(form, exploration(*many, never_reached=("z" * 1000,) * 1000))
    assert f"{35 - MOST_FINDINGS} more findings" in text
    assert len(text) < len(view(form, None)) + MOST_FINDINGS * 6 * MOST_LINES * 1000


def test_its_json_fits_the_schema() -> None:
    validator = Draft202012Validator(SCHEMA)
    for one in (None, exploration(), exploration(found(), found("1" * 8, again=0, file=""))):
        validator.validate(json.loads(view("json", one)))


@settings(max_examples=12)
@given(hostile.texts, st.integers(-3, 9))
def test_nothing_that_a_server_sent_becomes_markup(text: str, at: int) -> None:
    client = Client(text, (*LINES, SideLine(text, text)), differs=at, earlier=at)
    evil = found(text, rule=text, explanation=text, scenario=text, known=text, file=text, clients=(client,))
    one = exploration(evil, target=text, against=text, started=text, place=text, never_reached=(text,), freed={text: 1})
    harmless = replace(one, target="toy")
    assert "<script>alert" not in view("html", one)
    Page(view("html", harmless))
    for line in view("text", one).splitlines():
        assert "\x1b" not in line
        assert "\u202e" not in line
    assert "\n# forged" not in view("markdown", one)


def test_a_place_beyond_the_lines_marks_none() -> None:
    odd = found(clients=(Client("ann", LINES, differs=99),))
    assert not any("≠" in one for one in finding_lines(odd, exploration(odd)))
