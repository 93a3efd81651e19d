"""A log keeps the files that its failures point to, and no more than it has room for."""

from __future__ import annotations

import pytest

from conformance.results.model import Outcome
from conformance.results.runlog import sources
from conformance.results.runlog.records import SourceEntry
from conformance.results.runlog.sources import BEFORE, MOST_LINES, Sources
from tests.conformance.report import toys


def taken(*files: str, outcome: Outcome = Outcome.FAIL, line: int = 2) -> Sources:
    some = Sources()
    for file in files:
        entry = toys.scenario("edit.a", ("M-1",))
        some.take(toys.result(entry, outcome, problems=(toys.problem(file=file, line=line),)))
    some.take(toys.calibration())
    return some


def test_the_file_of_a_failure_is_kept_whole() -> None:
    assert taken("spec/a.yaml").read(lambda file: f"# {file}\n- step\n") == {
        "spec/a.yaml": SourceEntry(1, "# spec/a.yaml\n- step")
    }


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.UNTESTABLE])
def test_what_says_nothing_of_the_server_has_none(outcome: Outcome) -> None:
    assert taken("spec/a.yaml", outcome=outcome).read(str) == {}


def test_of_a_long_file_the_part_around_the_line_is_kept() -> None:
    text = "\n".join(str(number) for number in range(1, 1001))
    entry = taken("a", line=500).read(lambda _: text)["a"]
    assert entry.start == 500 - BEFORE
    assert entry.text.split("\n")[500 - entry.start] == "500"
    assert len(entry.text.split("\n")) == MOST_LINES


def test_a_file_that_is_gone_or_is_no_text_is_left_out() -> None:
    def read(file: str) -> str:
        if file == "gone":
            raise FileNotFoundError(file)
        return b"\xff".decode() if file == "binary" else "text"

    assert list(taken("gone", "binary", "there").read(read)) == ["there"]


def test_all_files_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_CHARACTERS", 10)
    found = taken("a", "b", "c").read(lambda file: "x" * (4 if file != "b" else 9))
    assert list(found) == ["a", "c"]
    monkeypatch.setattr(sources, "MOST_FILES", 1)
    assert list(taken("a", "c").read(lambda _: "x")) == ["a"]
