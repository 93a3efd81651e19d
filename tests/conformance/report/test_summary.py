from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report import build, summary
from conformance.report.markdown import render
from tests.conformance.report import runs
from tests.conformance.report.test_github import many

if TYPE_CHECKING:
    import pytest

    from conformance.results.runlog import Run


def page(run: Run) -> str:
    return summary.render(build(run), run)


def test_begins_like_the_report() -> None:
    text = page(runs.good())
    assert text.startswith("# Chat parity: toy\n")
    assert "| 4 | Editing | OK | 1 of 1 must rule · 1 scenario |" in text
    assert "## Failures" not in text
    assert render(build(runs.good()), runs.good()).startswith(text)


def test_shows_failures_of_must_rules_first() -> None:
    text = page(runs.mixed())
    places = [text.index(f"FAIL  {name}") for name in ("edit.fails", "edit.passes", "edit.amber")]
    assert places == sorted(places)
    assert text.endswith("\n3 scenarios could not be judged: see parity.html.\n")


def test_ends_before_its_limit_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "LIMIT", 6000)
    text = page(many(40))
    shown = text.count("FAIL  edit.s")
    assert len(text.encode()) <= 6000
    assert 5 < shown < 40
    assert text.endswith(f"… and {40 - shown} more failures: see parity.html.\n")
