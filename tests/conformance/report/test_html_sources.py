"""The files of failing scenarios on a page have bounds, whatever a log has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.report.html import sources as module
from conformance.report.html.sources import LONGEST_LINE, sources
from conformance.results.runlog import Footer, Run
from conformance.results.runlog.records import SourceEntry
from conformance.results.runlog.sources import MOST_LINES
from tests.conformance.report import runs

if TYPE_CHECKING:
    import pytest


def with_files(**files: str) -> Run:
    entries = {name: SourceEntry(7, text) for name, text in files.items()}
    return replace(runs.good(), footer=Footer(complete=True, sources=entries))


def test_a_file_is_shown_as_it_is_with_every_character_visible() -> None:
    assert sources(with_files(a="title: x\n- \x1b[2J")) == {"a": (7, "title: x\n- \\x1b[2J")}
    assert sources(runs.cut_off()) == {}


def test_long_lines_and_many_lines_are_cut() -> None:
    ((_, text),) = sources(with_files(a="\n".join(["x" * 5000] * 5000))).values()
    assert len(text.split("\n")) == MOST_LINES
    assert {len(one) for one in text.split("\n")} == {LONGEST_LINE}


def test_all_files_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 1000)
    assert list(sources(with_files(a="x", b="x", c="x"))) == ["a", "b"]
