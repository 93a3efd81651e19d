"""The history of a server: what is kept of each run, and what many runs say."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from conformance.compare.history import VIEWS, History, RunPoint, Store, history_of, store
from conformance.compare.history.trend import point_of
from conformance.errors import BadFile
from conformance.results.runlog import FeatureEntry
from tests.conformance.report import hostile, runs
from tests.conformance.report.pages import Page

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.compare.history.model import ScenarioRecord

FEATURES = (FeatureEntry(4, "edit", "Editing"), FeatureEntry(5, "drop", "Dropping"))


def point(day: int, target: str = "toy", unsteady: frozenset[str] = frozenset(), **outcomes: str) -> RunPoint:
    """Give a run of a day, with the outcomes of some scenarios."""
    verdict = "PARTIAL" if "FAIL" in outcomes.values() else "OK"
    started = f"2026-03-{day:02}T12:00:00Z"
    return RunPoint(
        f"run-{target}-{day}", started, target, "sha256:a", "0.1", True, 0, {"edit": verdict}, outcomes, unsteady
    )


def history(*points: RunPoint) -> History:
    return history_of("toy", points, FEATURES)


def record(*outcomes: str, unsteady: bool = False) -> ScenarioRecord:
    """Give the record of one scenario that ended so on the days from the first on; an empty word: it did not run."""
    points = [point(day, **({"a": word} if word else {})) for day, word in enumerate(outcomes, 1)]
    if unsteady:
        points[0] = replace(points[0], unsteady=frozenset({"a"}))
    (found,) = history(*points).scenarios
    return found


class TestTrend:
    def test_has_a_verdict_for_each_run_oldest_first(self) -> None:
        found = history(point(1, a="FAIL"), point(2, a="PASS"))
        assert [(one.title, one.verdicts) for one in found.features] == [("Editing", ("PARTIAL", "OK"))]

    def test_says_when_a_scenario_failed_first_and_last(self) -> None:
        found = record("PASS", "FAIL", "FAIL", "PASS")
        assert (found.first[:10], found.last[:10]) == ("2026-03-02", "2026-03-03")
        assert (found.now, found.failed, found.judged, found.changes) == ("PASS", 2, 4, 2)

    def test_a_break_or_a_repair_is_not_flaky_and_what_comes_and_goes_is(self) -> None:
        assert not record("PASS", "FAIL", "FAIL").flaky
        assert not record("FAIL", "PASS").flaky
        assert record("PASS", "FAIL", "PASS").flaky
        assert record("PASS", "PASS", unsteady=True).flaky

    def test_flakiness_is_the_share_of_runs_that_changed(self) -> None:
        assert record("PASS", "FAIL", "PASS", "PASS").flakiness == 0.5
        assert record("FAIL", "FAIL").flakiness == 0.0

    def test_what_says_nothing_of_the_server_changes_nothing(self) -> None:
        found = record("FAIL", "BLOCKED", "", "FAIL")
        assert (found.changes, found.judged, found.failed) == (0, 2, 2)

    def test_a_waived_failure_is_a_failure(self) -> None:
        assert record("WAIVED", "PASS").failed == 1

    def test_leaves_out_what_always_passed_and_shows_first_what_fails_now(self) -> None:
        found = history(point(1, a="FAIL", b="PASS", c="FAIL"), point(2, a="PASS", b="PASS", c="FAIL"))
        assert [one.id for one in found.scenarios] == ["c", "a"]

    def test_keeps_of_a_run_its_verdicts_its_outcomes_and_what_was_flaky(self) -> None:
        kept = point_of(runs.mixed())
        assert kept.started == "2026-02-22T19:49:32Z"
        assert kept.verdicts == {"edit": "FAIL", "drop": "NOT TESTED"}
        assert kept.outcomes["edit.blocked"] == "BLOCKED"
        assert kept.unsteady == {"edit.fails"}
        assert "drop.never-run" not in kept.outcomes


class TestStore:
    def test_gives_back_what_it_was_given(self, tmp_path: Path) -> None:
        file = Store(tmp_path / "new" / "history.sqlite")
        some = [point(2, a="PASS"), point(1, unsteady=frozenset({"a"}), a="FAIL")]
        assert [file.add(one, FEATURES) for one in some] == [True, True]
        assert file.runs("toy") == tuple(reversed(some))
        assert file.features() == FEATURES

    def test_takes_a_run_once(self, tmp_path: Path) -> None:
        file = Store(tmp_path / "h")
        assert [file.add(point(1, a="PASS"), FEATURES) for _ in range(2)] == [True, False]
        assert len(file.runs("toy")) == 1

    def test_takes_a_run_once_from_commands_at_the_same_time(self, tmp_path: Path) -> None:
        together = Barrier(6)

        def add(file: Path) -> bool:
            together.wait(60)
            return Store(file).add(point(1, a="PASS"), FEATURES)

        with ThreadPoolExecutor(6) as threads:
            for number in range(5):
                assert sorted(threads.map(add, [tmp_path / f"{number}.sqlite"] * 6)) == [False] * 5 + [True]

    def test_keeps_the_latest_runs_of_each_server(self, tmp_path: Path) -> None:
        file = Store(tmp_path / "h")
        for day in (1, 2, 3):
            file.add(point(day, **{f"only-{day}": "PASS"}), FEATURES, keep=2)
        file.add(point(9, "other", a="PASS"), FEATURES, keep=2)
        assert [one.started[8:10] for one in file.runs("toy")] == ["02", "03"]
        assert file.targets() == ("other", "toy")
        with closing(sqlite3.connect(tmp_path / "h")) as base:
            assert {row[0] for row in base.execute("SELECT name FROM names")} == {"only-2", "only-3", "a"}

    def test_a_name_of_any_length_is_found_again(self, tmp_path: Path) -> None:
        file = Store(tmp_path / "h")
        file.add(point_of(runs.hostile_but_dated("n" * 5000)), FEATURES)
        (target,) = file.targets()
        assert len(file.runs(target)) == 1

    @pytest.mark.parametrize(
        "content", [b"not a database at all", b"SQLite format 3\x00" + b"\xff" * 4000, b"\x00" * 100], ids=ascii
    )
    def test_refuses_a_file_that_is_none_by_one_line_and_leaves_it_as_it_is(
        self, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "h"
        path.write_bytes(content)
        for use in (lambda: Store(path).targets(), lambda: Store(path).add(point(1), FEATURES)):
            with pytest.raises(BadFile, match="history") as error:
                use()
            assert len(str(error.value).splitlines()) == 1
        assert path.read_bytes() == content

    def test_refuses_the_database_of_another_program(self, tmp_path: Path) -> None:
        path = tmp_path / "h"
        with closing(sqlite3.connect(path)) as base:
            base.execute("CREATE TABLE runs (id INTEGER)")
        with pytest.raises(BadFile, match="is not a history of chat-parity"):
            Store(path).add(point(1), FEATURES)

    def test_says_that_another_command_uses_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "h"
        Store(path).add(point(1), FEATURES)
        monkeypatch.setattr(store, "PATIENCE", 0)
        with closing(sqlite3.connect(path, isolation_level=None)) as base:
            base.execute("BEGIN EXCLUSIVE")
            with pytest.raises(BadFile, match="is in use by another command; try again when that has ended"):
                Store(path).add(point(2), FEATURES)

    @pytest.mark.parametrize(
        "change", ["CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END", "DROP TABLE names"]
    )
    def test_refuses_a_history_that_somebody_has_rebuilt(self, tmp_path: Path, change: str) -> None:
        path = tmp_path / "h"
        Store(path).add(point(1), FEATURES)
        with closing(sqlite3.connect(path)) as base:
            base.execute(change)
        with pytest.raises(BadFile, match="is not a history of chat-parity"):
            Store(path).targets()

    def test_refuses_a_history_of_a_later_version_and_one_that_is_too_large(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "h"
        Store(path).add(point(1), FEATURES)
        monkeypatch.setattr(store, "LARGEST", 100)
        with pytest.raises(BadFile, match="a history has at most 100"):
            Store(path).targets()
        monkeypatch.undo()
        with closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA user_version = 9")
        with pytest.raises(BadFile, match="install a newer chat-parity"):
            Store(path).targets()

    def test_where_there_is_none_it_says_how_to_make_one(self, tmp_path: Path) -> None:
        with pytest.raises(BadFile, match="history add RUN"):
            Store(tmp_path / "none").targets()
        assert not (tmp_path / "none").exists()
        with pytest.raises(BadFile, match="cannot be read"):
            Store(tmp_path).targets()

    def test_what_somebody_wrote_into_it_stays_one_line(self, tmp_path: Path) -> None:
        path = tmp_path / "h"
        Store(path).add(point(1, a="FAIL"), FEATURES)
        with closing(sqlite3.connect(path)) as base, base:
            base.execute("UPDATE names SET name = ?", ("\x1b[2J\n" * 5000,))
            base.execute("UPDATE outcomes SET outcome = x'00ff'")
            base.execute("UPDATE runs SET started = ?", ("<b>\n",))
        (found,) = Store(path).runs("toy")
        assert all(
            one.isprintable() and len(one) < 2000 for one in (found.started, *found.outcomes, *found.outcomes.values())
        )


class TestViews:
    SOME = history(point(1, a="PASS", b="PASS"), point(2, a="FAIL", b="PASS"), point(3, a="PASS", b="FAIL"))

    def test_one_day_is_said_once(self) -> None:
        assert "toy · 1 run, 2026-03-01\n" in VIEWS["text"](history(point(1, a="PASS")))

    def test_the_text_has_a_line_for_each_feature_and_each_failure(self) -> None:
        text = VIEWS["text"](self.SOME)
        assert "toy · 3 runs, 2026-03-01 to 2026-03-03" in text
        assert "  4  Editing                           ✓◐◐    PARTIAL" in text
        assert "1 of 3  2026-03-02  2026-03-02    2  a  flaky 67%" in text
        assert "1 of 3  2026-03-03  2026-03-03    1  b\n" in text

    def test_where_nothing_failed_it_says_so(self) -> None:
        for form in ("text", "html"):
            assert "No scenario has failed in these runs." in VIEWS[form](history(point(1, a="PASS")))

    def test_the_json_has_it_all_for_programs(self) -> None:
        found = json.loads(VIEWS["json"](self.SOME))
        assert [one["verdicts"] for one in found["runs"]] == [{"edit": "OK"}, {"edit": "PARTIAL"}, {"edit": "PARTIAL"}]
        assert [(one["id"], one["flaky"]) for one in found["scenarios"]] == [("b", False), ("a", True)]

    def test_the_page_has_a_bar_for_each_run(self) -> None:
        page = Page(VIEWS["html"](self.SOME))
        bars = [one for one in page.all("rect") if one["class"] in ("is-ok", "is-partial")]
        assert [(one["class"], one["x"], one["height"]) for one in bars] == [
            ("is-ok", "0", "160.0"),
            ("is-partial", "18", "160.0"),
            ("is-partial", "36", "160.0"),
        ]
        assert "2026-03-02T12:00:00Z: 1 PARTIAL" in page.text

    @settings(deadline=None, max_examples=25)
    @given(hostile.texts)
    def test_no_text_leaves_its_place(self, text: str) -> None:
        bad, harmless = (
            history_of(f"x{one}", [point_of(runs.hostile_but_dated(f"x{one}"))], FEATURES) for one in (text, "x")
        )
        assert Page(VIEWS["html"](bad)).shape == Page(VIEWS["html"](harmless)).shape


def test_a_full_disk_is_no_mistake_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("conformance.compare.history.store.sqlite3.connect", full)
    (tmp_path / "h").touch()
    with pytest.raises(OSError, match="No space left on device") as raised:
        Store(tmp_path / "h").targets()
    assert raised.value.filename == str(tmp_path / "h")


def test_a_folder_that_does_not_exist_for_a_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "h").symlink_to(tmp_path / "nowhere" / "h")
    with pytest.raises(FileNotFoundError):
        Store(tmp_path / "h").add(point_of(runs.good()), FEATURES)
