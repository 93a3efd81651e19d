"""The folder of Allure results, as `allure generate` reads it."""

from __future__ import annotations

import errno
import json
import sys
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.errors import UsageError
from conformance.report import allure, build
from conformance.report.allure import write_allure
from conformance.report.differences import UNCHECKED
from conformance.results.model import Outcome
from conformance.results.runlog.records import INSECURE, DialectEntry
from tests.conformance.report import hostile, runs, toys

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results.runlog import Run

STATUSES = {"passed", "failed", "broken", "skipped"}


def written(run: Run, folder: Path, source_url: str = "") -> dict[str, list[dict[str, Any]]]:
    """Write the results of a run, and give them by scenario, attempts in order."""
    count = write_allure(build(run, source_url), run, folder)
    files = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    assert len(files) == count
    found: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(files, key=lambda one: int(one["start"])):
        found.setdefault(one["fullName"], []).append(one)
    return found


def labels(one: dict[str, Any], kind: str) -> list[str]:
    return [label["value"] for label in one["labels"] if label["name"] == kind]


def test_has_a_status_for_each_kind_of_outcome(tmp_path: Path) -> None:
    found = written(runs.mixed(), tmp_path / "new" / "results")
    assert {name: some[0]["status"] for name, some in found.items()} == {
        "edit.passes": "passed",
        "edit.fails": "failed",
        "edit.amber": "failed",
        "edit.blocked": "broken",
        "edit.untestable[a.b]": "broken",
        "drop.broken": "broken",
        "drop.none": "skipped",
    }


def test_a_failure_has_the_message_the_transcript_the_rule_and_its_level(tmp_path: Path) -> None:
    (one, _) = written(runs.mixed(), tmp_path / "results", "https://example.org/v1")["edit.fails"]
    assert one["statusDetails"]["message"] == "never Edited at alice, bob"
    assert '← Edited  {id: ⟨message⟩, text: "forged"}     ← not allowed' in one["statusDetails"]["trace"]
    assert one["description"] == "EDIT-2 (must): The sentence of EDIT-2."
    assert (labels(one, "feature"), labels(one, "tag"), labels(one, "severity")) == (
        ["Editing"],
        ["EDIT-2"],
        ["critical"],
    )
    assert one["links"][0]["url"] == "https://example.org/v1/spec/scenarios/edit.fails.yaml#L2"


def test_attempts_are_retries_of_one_test_and_the_last_is_the_latest(tmp_path: Path) -> None:
    first, second = written(runs.mixed(), tmp_path / "results")["edit.fails"]
    assert first["status"] == "failed"
    assert first["historyId"] == second["historyId"]
    assert first["uuid"] != second["uuid"]
    assert first["stop"] < second["start"]
    assert first["statusDetails"]["flaky"] is True


def test_a_flaky_scenario_whose_last_attempt_passes_is_not_green(tmp_path: Path) -> None:
    (_, last) = written(runs.mixed(), tmp_path / "results")["edit.fails"]
    assert last["status"] == "failed"
    assert last["statusDetails"]["message"] == "FLAKY: this attempt passes; before: FAIL"


def test_the_same_scenario_of_the_next_run_has_the_same_history(tmp_path: Path) -> None:
    one, other = (written(run, tmp_path / name) for name, run in (("1", runs.mixed()), ("2", runs.waived())))
    assert one["edit.blocked"][0]["historyId"] == other["edit.blocked"][0]["historyId"]


def test_a_waived_failure_is_skipped_and_known(tmp_path: Path) -> None:
    one = written(runs.waived(), tmp_path / "results")["edit.fails"][0]
    assert one["status"] == "skipped"
    assert one["statusDetails"]["known"] is True
    assert one["statusDetails"]["message"].startswith("waived: ")


def test_says_what_was_tested(tmp_path: Path) -> None:
    written(runs.mixed(), tmp_path / "results")
    text = (tmp_path / "results" / "environment.properties").read_text(encoding="ascii")
    assert text.splitlines()[:2] == ["Target=toy", "Address=ws://127.0.0.1:1/ws"]
    categories = json.loads((tmp_path / "results" / "categories.json").read_text(encoding="ascii"))
    assert {word for one in categories for word in one["matchedStatuses"]} <= STATUSES


def test_says_that_certificates_were_not_checked(tmp_path: Path) -> None:
    run = runs.good()
    checked = replace(run.header, dialect=(DialectEntry(INSECURE, "checked", "not checked"),))
    written(replace(run, header=checked), tmp_path / "results")
    text = (tmp_path / "results" / "environment.properties").read_text(encoding="ascii")
    assert f"Warning={UNCHECKED}" in text.splitlines()


def test_takes_an_empty_folder_and_leaves_one_with_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    written(runs.good(), folder)
    before = sorted(folder.iterdir())
    with pytest.raises(UsageError, match="name a new one with --out"):
        write_allure(build(runs.good()), runs.good(), folder)
    assert sorted(folder.iterdir()) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_another_command_has_filled_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results"
    labels = allure._environment

    def meanwhile(report: Any) -> str:
        folder.mkdir()
        (folder / "other.json").touch()
        return labels(report)

    monkeypatch.setattr(allure, "_environment", meanwhile)
    with pytest.raises(UsageError, match="name a new one with --out"):
        write_allure(build(runs.good()), runs.good(), folder)
    assert [one.name for one in folder.iterdir()] == ["other.json"]


def test_without_the_library_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "allure_commons.logger", None)
    with pytest.raises(UsageError, match=r"chat-parity\[allure\]"):
        write_allure(build(runs.good()), runs.good(), tmp_path / "results")


def test_only_so_many_have_their_transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allure, "MOST_TRACES", 3)
    entries = tuple(toys.scenario(f"edit.s{n}", ("M-1",)) for n in range(9))
    run = toys.run(toys.header((toys.rule("M-1"),), entries), *(toys.result(one, Outcome.FAIL) for one in entries))
    found = written(run, tmp_path / "results")
    assert sum("trace" in some[0]["statusDetails"] for some in found.values()) == 3


@pytest.mark.parametrize("text", hostile.NASTY, ids=ascii)
def test_can_be_read_whatever_a_server_sends(tmp_path: Path, text: str) -> None:
    found = written(runs.hostile_but_dated(text), tmp_path / "results")
    assert {one["status"] for some in found.values() for one in some} <= STATUSES
    assert len((tmp_path / "results" / "environment.properties").read_text(encoding="ascii").splitlines()) == 4


def test_a_full_disk_is_told_by_the_name_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_allure(build(runs.good()), runs.good(), tmp_path / "results")
    assert raised.value.filename == str(tmp_path / "results")
