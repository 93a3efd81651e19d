from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.cli.last_failed import failed_in, last_failed
from conformance.errors import UsageError
from conformance.results.model import Outcome
from tests.conformance.cli.test_report import recorded
from tests.conformance.report import runs, toys

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


SERVER = "toy"


def test_what_failed_once_or_said_nothing_is_run_again() -> None:
    # What the target did not provide may be there now: its file, or the API that makes users, may have been mended.
    not_well = {"edit.fails", "edit.amber", "edit.blocked", "drop.broken"}
    assert failed_in(runs.mixed()) == {*not_well, "edit.untestable[a.b]"}


def test_what_a_run_that_was_cut_off_did_not_reach_is_run_again() -> None:
    assert failed_in(runs.cut_off()) == set(runs.mixed().header.selected) - {"edit.passes"}


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_what_another_attempt_would_not_change_is_not(outcome: Outcome) -> None:
    entry = toys.scenario("edit.a", ("EDIT-1",))
    assert failed_in(toys.run(toys.header(runs.RULES[:1], (entry,)), toys.result(entry, outcome))) == frozenset()


class TestOfAFolder:
    def test_is_what_is_selected_now_too(self, tmp_path: Path, whole_spec: Spec) -> None:
        recorded(tmp_path / "run.jsonl", runs.mixed())
        one = next(iter(whole_spec.scenarios.values()))
        now = [replace(one, id="edit.fails"), replace(one, id="edit.passes"), replace(one, id="new")]
        assert [scenario.id for scenario in last_failed(tmp_path, now, SERVER)] == ["edit.fails"]

    def test_without_a_log_is_a_mistake(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is none: run once without it"):
            last_failed(tmp_path, [], SERVER)

    def test_of_another_target_is_a_mistake(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run.jsonl", runs.mixed())
        with pytest.raises(UsageError, match="is of toy, not of staging: name the folder of its own run with --out"):
            last_failed(tmp_path, [], "staging")

    def test_without_a_failure_is_no_run_of_nothing(self, tmp_path: Path, whole_spec: Spec) -> None:
        recorded(tmp_path / "run.jsonl", runs.good())
        with pytest.raises(UsageError, match="nothing of what is selected failed"):
            last_failed(tmp_path, list(whole_spec.scenarios.values()), SERVER)
