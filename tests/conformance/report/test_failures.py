"""What a view shows in full, and that no server can make a report grow without bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report import FORMATS, build
from conformance.report.failures import MOST_ALIKE, MOST_FULL, MOST_GROUPS, failures, grouped
from conformance.results.model import Entry, Outcome
from conformance.results.runlog.transcripts import Transcripts
from conformance.results.verdict import Charge
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.report.model import Report
    from conformance.results.model import Result
    from conformance.results.runlog import Run

RULES = (toys.rule("M-1"), toys.rule("FORM-1"))
LONG = tuple(Entry(float(at), "bob", "←", {"kind": "Edit", "text": "x" * 300}) for at in range(60))


def failing(number: int, cause: str) -> Result:
    entry = toys.scenario(f"edit.s{number}", ("M-1",))
    return toys.result(entry, Outcome.FAIL, transcript=LONG, problems=(toys.problem(f"{cause} at bob", cause=cause),))


def run_of(*results: Result) -> Run:
    entries = tuple(toys.scenario(one.scenario, ("M-1",)) for one in results)
    return toys.run(toys.header(RULES, entries), *results)


def texts(run: Run) -> list[str]:
    return [failure.text for failure in failures(build(run), run)]


def test_only_some_failures_of_one_cause_are_shown_in_full() -> None:
    shown = texts(run_of(*(failing(number, "no Edited") for number in range(3 * MOST_ALIKE))))
    assert ["xxx" in text for text in shown] == [True] * MOST_ALIKE + [False] * 2 * MOST_ALIKE
    assert all("no Edited at bob" in text and "Again:" in text for text in shown)
    assert "  The same in edit.s0, which is shown in full\n" in shown[-1]


def test_only_so_many_failures_are_shown_in_full_whatever_their_causes() -> None:
    shown = texts(run_of(*(failing(number, f"cause {number}") for number in range(MOST_FULL + 10))))
    assert sum("xxx" in text for text in shown) == MOST_FULL
    assert "The same in" not in shown[-1]


def test_findings_of_one_cause_are_one_with_the_count_of_their_frames() -> None:
    def found(number: int) -> Result:
        finding = toys.problem(f"bob{number} got a Ping", rule="FORM-1", cause="… got a Ping", count=3)
        return toys.result(toys.scenario(f"edit.s{number}", ("M-1",)), findings=(finding,))

    (text,) = texts(run_of(*map(found, range(7))))
    assert "  21 times, also in 6 others: edit.s1, edit.s2, edit.s3, edit.s4, edit.s5, edit.s6\n" in text


def test_of_many_causes_the_most_frequent_are_shown() -> None:
    result = failing(1, "no Edited")
    once = [Charge(result, toys.problem("m", cause=f"cause {number}")) for number in range(2 * MOST_GROUPS)]
    often = [Charge(result, toys.problem("m", cause="often"))] * 2
    groups = grouped([*once, *often])
    assert len(groups) == MOST_GROUPS
    assert groups[-1].first.finding.cause == "often"


@pytest.fixture(scope="module", params=[True, False], ids=["of twenty kinds", "each of its own kind"])
def dreadful(request: pytest.FixtureRequest) -> tuple[Report, Run]:
    """1,500 failing scenarios, each with twenty wrong frames."""

    def wrong(number: int) -> Result:
        kinds = [f"kind {kind if request.param else number * 20 + kind} {'y' * 200}" for kind in range(20)]
        findings = tuple(toys.problem(f"bob got {kind}", rule="FORM-1", cause=kind, entry=7) for kind in kinds)
        problems = (toys.problem("no Edited at bob", cause="no Edited at …" if request.param else f"cause {number}"),)
        entry = toys.scenario(f"edit.s{number}", ("M-1",))
        return toys.result(entry, Outcome.FAIL, transcript=LONG, problems=problems, findings=findings)

    bounds = Transcripts("fail")
    run = run_of(*(bounds.bounded(wrong(number)) for number in range(1500)))
    return build(run), run


@pytest.mark.parametrize("form", FORMATS)
def test_no_server_makes_a_report_of_two_megabytes(form: str, dreadful: tuple[Report, Run]) -> None:
    assert len(FORMATS[form](*dreadful).encode()) < 2_000_000
