"""Failures that look alike are one cause, and the most direct one comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report import build, markdown, terminal
from conformance.report.html import render, scenarios
from conformance.report.likely_causes import MOST, likely_causes
from conformance.results.model import Entry, Outcome, Result
from tests.conformance.report import hostile, runs, toys
from tests.conformance.report.pages import Page

if TYPE_CHECKING:
    from conformance.report.likely_causes import LikelyCause
    from conformance.results.runlog import Run

RULES = (toys.rule("EDIT-1"), toys.rule("EDIT-2"), toys.rule("DROP-1", features=("drop",)), toys.rule("S-1", "should"))


def failed(name: str, rule: str = "EDIT-1", feature: str = "edit", length: int = 2, **more: object) -> Result:
    """Give a scenario in which an edit by bob gets no Error; `length` is that of its transcript."""
    told = {"message": "no Error at bob", "step": "expect Error at bob", "cause": "no Error at …"}
    told |= {"request": "Edit", "came": ("Confirmed",)} | more
    transcript = (Entry(0.0, "bob", "→", {"kind": "Edit"}),) * length
    entry = toys.scenario(name, (rule,), feature)
    return toys.result(entry, Outcome.FAIL, problems=(toys.problem(**told),), transcript=transcript)  # type: ignore[arg-type]


def run_of(*results: Result) -> Run:
    entries = tuple(toys.scenario(one.scenario, one.rules, one.feature) for one in results)
    return toys.run(toys.header(RULES, entries), *results)


def causes(*results: Result) -> list[LikelyCause]:
    run = run_of(*results)
    return list(likely_causes(build(run), run))


def test_the_same_answer_to_the_same_request_is_one_cause_whoever_asked() -> None:
    (one,) = causes(
        failed("edit.a", length=9), failed("edit.b", "EDIT-2", length=3), failed("edit.c", message="no Error at carol")
    )
    assert one.headline == "Edit: Confirmed instead of Error"
    assert (one.scenarios, one.rules) == (("edit.a", "edit.b", "edit.c"), ("EDIT-1", "EDIT-2"))


def test_the_example_is_the_shortest_scenario() -> None:
    (one,) = causes(failed("edit.a", length=9), failed("edit.b", length=3))
    assert (one.scenario, one.example) == ("edit.b", "no Error at bob; got Confirmed")
    assert one.title == "The title of edit.b"


def test_another_request_or_another_answer_is_another_cause() -> None:
    found = causes(failed("edit.a"), failed("edit.b", request="Touch"), failed("edit.c", came=()))
    assert {one.headline for one in found} == {
        "Edit: Confirmed instead of Error",
        "Touch: Confirmed instead of Error",
        "Edit: no Error came",
    }


def test_what_the_scenario_is_about_comes_before_what_follows_from_it() -> None:
    indirect = [failed(f"drop.{n}", "DROP-1", "drop", came=()) for n in range(3)]
    found = causes(*indirect, failed("edit.a"))
    assert [(one.direct, len(one.scenarios)) for one in found] == [(True, 1), (False, 3)]


def test_must_rules_come_first_then_what_many_scenarios_show() -> None:
    weak = [failed(f"edit.s{n}", "S-1", came=()) for n in range(5)]
    found = causes(*weak, failed("edit.a"), failed("edit.b", request="Touch"), failed("edit.c", request="Touch"))
    assert [one.headline.partition(":")[0] for one in found] == ["Touch", "Edit", "Edit"]
    assert [one.must for one in found] == [True, True, False]


@pytest.mark.parametrize(
    ("told", "headline"),
    [
        (
            {"step": "never Edited at alice", "cause": "… must never get Edited here"},
            "Edit: Edited comes where it must not",
        ),
        (
            {"step": "never * at alice", "cause": "… must never get Edited here", "came": ("Edited",)},
            "Edit: Edited comes where it must not",
        ),
        (
            {
                "step": "expect Edited at bob",
                "cause": "no matching Edited at …; the nearest differs: text: expected #, got null",
                "came": ("Confirmed", "Edited"),
            },
            "Edit: Edited is not as expected: text: expected #, got null",
        ),
        (
            {
                "step": "expect Edited at bob",
                "cause": "no matching Edited at …; the nearest differs: text: expected #, got null",
            },
            "Edit: Confirmed instead of Edited",
        ),
        (
            {"step": "", "cause": "… got Edited, which nothing explains"},
            "Edit: a client got Edited, which nothing explains",
        ),
    ],
)
def test_each_kind_of_problem_has_words(told: dict[str, object], headline: str) -> None:
    (one,) = causes(failed("edit.a", **told), failed("edit.b", **told))
    assert one.headline == headline


def test_a_log_without_requests_has_them_in_its_transcripts() -> None:
    old = {"request": "", "came": (), "cause": ""}
    (one,) = causes(failed("edit.a", **old), failed("edit.b", **old))
    assert one.headline == "Edit: no Error came"


def test_a_failure_without_a_transcript_belongs_to_those_that_say_the_same() -> None:
    (one,) = causes(failed("edit.a"), failed("edit.b", request="", came=(), length=0))
    assert one.scenarios == ("edit.a", "edit.b")


def test_a_failure_that_could_belong_to_two_causes_belongs_to_none() -> None:
    found = causes(failed("edit.a"), failed("edit.b", request="Touch"), failed("edit.c", request="", came=(), length=0))
    assert [len(one.scenarios) for one in found] == [1, 1, 1]


def test_one_failure_alone_is_not_listed_again() -> None:
    assert causes(failed("edit.a")) == []


def test_what_is_waived_is_no_cause() -> None:
    run = runs.waived()
    assert all("edit.fails" not in one.scenarios for one in likely_causes(build(run), run))


class TestViews:
    def test_all_three_show_the_cause_the_count_and_what_came(self) -> None:
        run = run_of(failed("edit.a"), failed("edit.b", "EDIT-2"))
        report = build(run)
        for text in (terminal.render(report, run), markdown.render(report, run), Page(render(report, run)).text):
            assert "Likely causes" in text
            assert "Edit: Confirmed instead of Error" in text
            assert "2 scenarios, 2 rules" in text
            assert "no Error at bob; got Confirmed" in text
            assert "The title of edit.a" in text

    def test_the_page_has_the_transcript_of_an_example_before_those_of_other_failures(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scenarios.Room.__init__, "__defaults__", (3, scenarios.MOST_FRAMES))
        run = run_of(failed("edit.a", length=3), failed("edit.b", length=2))  # the shorter one is the example
        page = Page(render(build(run), run))
        labels = [one["aria-label"] for one in page.all("div") if one.get("class") == "wire"]
        assert labels == ["Transcript of edit.b"]

    def test_of_many_causes_the_rest_is_counted(self) -> None:
        run = run_of(*(failed(f"edit.{n}", request=f"Edit{n}") for n in range(MOST + 2)))
        report = build(run)
        for text in (terminal.render(report, run), markdown.render(report, run), render(report, run)):
            assert "… and 2 more causes" in text

    @pytest.mark.parametrize("text", hostile.NASTY, ids=ascii)
    def test_no_text_of_a_server_leaves_its_line(self, text: str) -> None:
        told = {"message": text, "cause": text, "request": text, "came": (text,), "step": f"expect {text} at bob"}
        run = run_of(failed("edit.a", **told), failed("edit.b", **told))
        assert all(line.isprintable() for line in terminal.render(build(run), run).splitlines())
