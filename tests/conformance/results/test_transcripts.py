"""Which transcripts a log keeps, and what it says in place of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Entry, Observation, Outcome
from conformance.results.runlog import transcripts
from conformance.results.runlog.transcripts import ALIKE, Transcripts
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.results.model import Result

LINES = (Entry(0.0, "alice", "→", {"kind": "Edit"}), Entry(1.0, "bob", "←", {"kind": "Edited"}))


def failed(number: int, cause: str = "no Edited at …", **more: object) -> Result:
    entry = toys.scenario(f"edit.s{number}", ("M-1",))
    problems = (toys.problem(f"no Edited at bob{number}", cause=cause, entry=1),)
    return toys.result(entry, Outcome.FAIL, problems=problems, transcript=LINES, names={"1": "one"}, **more)


def kept(bounds: Transcripts, results: list[Result]) -> list[Result]:
    bounded = [bounds.bounded(one) for one in results]
    return [one for one in bounded if one.transcript == LINES]


def test_of_one_cause_only_some_are_kept() -> None:
    assert len(kept(Transcripts("fail"), [failed(number) for number in range(3 * ALIKE)])) == ALIKE


def test_of_one_cause_after_another_request_or_with_another_answer_some_are_kept_too() -> None:
    some = [failed(number) for number in range(ALIKE)]
    for more in ({"request": "Edit"}, {"request": "Edit", "came": ("Edited",)}):
        some += [replace(one, problems=(replace(one.problems[0], **more),)) for one in some[:ALIKE]]  # type: ignore[arg-type]
    assert len(kept(Transcripts("fail"), [*some, *some])) == 3 * ALIKE


def test_those_of_another_cause_or_outcome_or_with_another_finding_are_kept_as_well() -> None:
    bounds = Transcripts("fail")
    kept(bounds, [failed(number) for number in range(ALIKE)])
    finding = toys.problem("no zone", rule="FORM-1", cause="no zone")
    assert kept(bounds, [failed(1), failed(2, "another"), failed(3, findings=(finding,))]) == [
        failed(2, "another"),
        failed(3, findings=(finding,)),
    ]


def test_what_is_left_out_is_said() -> None:
    bounds = Transcripts("fail")
    kept(bounds, [failed(number) for number in range(ALIKE)])
    left = bounds.bounded(failed(99))
    (note,) = left.transcript
    assert note.text.startswith("transcript left out: 10 that ended in the same way have theirs")
    assert [one.entry for one in left.problems] == [None]
    assert left.names == {}


def test_all_of_them_together_are_bounded_whatever_the_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "ENTRIES", 7)
    bounds = Transcripts("fail")
    assert len(kept(bounds, [failed(number, f"cause {number}") for number in range(9)])) == 3
    (note,) = bounds.bounded(failed(99, "one more")).transcript
    assert note.text.startswith("transcript left out: the log has 6 lines of others")


def test_trace_all_keeps_every_one_and_trace_none_not_any() -> None:
    many = [failed(number) for number in range(3 * ALIKE)]
    assert kept(Transcripts("all"), many) == many
    assert kept(Transcripts("none"), many) == []


@pytest.mark.parametrize(("trace", "lines"), [("all", LINES), ("fail", ()), ("none", ())])
def test_what_passed_and_what_was_observed_is_kept_by_trace_all_only(trace: str, lines: tuple[Entry, ...]) -> None:
    passed = toys.result(toys.scenario("edit.a", ("M-1",)), transcript=LINES)
    seen = Observation("echo", "Does it echo?", "It bites.", "yes", LINES)
    assert Transcripts(trace).bounded(passed).transcript == lines
    assert getattr(Transcripts(trace).bounded(seen), "transcript", None) == lines


def test_calibration_passes_through() -> None:
    assert Transcripts("fail").bounded(toys.calibration()) == toys.calibration()
