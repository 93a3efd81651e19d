from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from conformance.report import FILES, build, markdown, parity_json, write_file, write_reports
from conformance.results.model import Outcome
from conformance.results.verdict import Status, Verdict
from tests.conformance.report import hostile, toys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.results.runlog import Run

SCHEMA = json.loads((Path(__file__).parents[3] / "spec/formats/parity.schema.json").read_text())


def evidence(run: Run) -> str:
    return build(run).features[0].evidence


def mixed() -> Run:
    """A run with every outcome, a finding, a flaky scenario and one that was not run."""
    outcomes = list(Outcome)
    rules = (*(toys.rule(f"M-{n}") for n in range(len(outcomes))), toys.rule("S-1", "should"))
    scenarios = tuple(toys.scenario(f"edit.{n}", (f"M-{n}",)) for n in range(len(outcomes)))
    not_run = toys.scenario("edit.should", ("S-1",))
    results = [toys.result(entry, outcome) for entry, outcome in zip(scenarios, outcomes, strict=True)]
    results.append(toys.result(scenarios[0], Outcome.FAIL, attempt=2, findings=(toys.problem("zone", rule="S-1"),)))
    return toys.run(
        toys.header(rules, (*scenarios, not_run)), *results, calibration=toys.calibration("Edit", skew=None)
    )


class TestBuild:
    def test_counts_every_word(self) -> None:
        report = build(mixed())
        assert report.feature_counts == {
            **dict.fromkeys(Verdict, 0),
            Verdict.FAIL: 1,
            Verdict.NOT_TESTED: 1,
        }
        assert (report.scenario_counts[Status.FAIL], report.scenario_counts[Status.FLAKY]) == (1, 1)
        assert report.scenario_counts[Status.NOT_RUN] == 1
        assert sum(report.rule_counts.values()) == 7
        assert [scenario.entry.id for scenario in report.flaky] == ["edit.0"]

    def test_gives_a_rule_of_several_features_the_worst_of_them(self) -> None:
        shared = toys.rule("CALL-1", features=("edit", "drop"))
        edit, drop = toys.scenario("edit.a", ("CALL-1",)), toys.scenario("drop.a", ("CALL-1",), "drop")
        report = build(
            toys.run(toys.header((shared,), (edit, drop)), toys.result(edit), toys.result(drop, Outcome.FAIL))
        )
        [row] = report.rules
        assert row.status is Status.FAIL
        assert [scenario.entry.id for scenario in row.scenarios] == ["edit.a", "drop.a"]

    def test_says_why_a_run_is_not_complete(self) -> None:
        assert build(toys.forged()).reason == ""
        assert build(replace(toys.forged(), footer=None)).reason == "the log ends without a footer: the run was cut off"


class TestEvidence:
    def of(self, *musts: Outcome | None, should: tuple[Outcome, ...] = (), **more: Any) -> str:
        named = [(f"M-{n}", "must", outcome) for n, outcome in enumerate(musts)]
        named += [(f"S-{n}", "should", outcome) for n, outcome in enumerate(should)]
        rules = tuple(toys.rule(name, level) for name, level, _ in named)
        scenarios = tuple(toys.scenario(f"edit.{name}", (name,)) for name, _, _ in named)
        pairs = [(entry, row[2]) for entry, row in zip(scenarios, named, strict=True)]
        selected = more.pop("selected", tuple(entry.id for entry in scenarios))
        results = [toys.result(entry, outcome) for entry, outcome in pairs if outcome]
        return evidence(toys.run(toys.header(rules, scenarios, selected), *results, **more))

    def test_counts_what_passes_of_what_applies(self) -> None:
        assert self.of(Outcome.PASS, Outcome.PASS) == "2 of 2 must rules · 2 scenarios"
        assert (
            self.of(Outcome.PASS, should=(Outcome.PASS, Outcome.FAIL))
            == "1 of 1 must rule, 1 of 2 should · 3 scenarios"
        )
        assert self.of(Outcome.PASS, Outcome.FAIL) == "1 of 2 must rules · 2 scenarios"
        assert self.of(Outcome.PASS, Outcome.NOT_APPLICABLE) == "1 of 1 must rule · 1 not applicable · 2 scenarios"

    def test_says_what_kept_the_rest_from_being_judged(self) -> None:
        text = self.of(Outcome.PASS, Outcome.BLOCKED, Outcome.UNTESTABLE)
        assert text == "1 of 3 must rules judged · 1 UNTESTABLE · 1 BLOCKED · 3 scenarios"
        assert (
            self.of(Outcome.PASS, None, selected=("edit.M-0",)) == "1 of 2 must rules judged · selection · 1 scenario"
        )
        assert self.of(Outcome.PASS, None, footer=None) == "1 of 2 must rules judged · run not complete · 1 scenario"
        assert self.of(Outcome.PASS, None) == "1 of 2 must rules judged · selected but not run · 1 scenario"

    def test_says_that_nothing_applies(self) -> None:
        assert self.of(Outcome.NOT_APPLICABLE) == "not applicable to this target · 1 scenario"

    def test_says_which_types_the_server_does_not_know(self) -> None:
        text = self.of(Outcome.FAIL, calibration=toys.calibration("Edit", "Touch"))
        assert text == "the server does not know Edit, Touch · 0 of 1 must rule · 1 scenario"

    def test_says_that_a_rule_has_no_scenario_here(self) -> None:
        text = evidence(toys.run(toys.header((toys.rule("M-1"),), ())))
        assert text == "0 of 1 must rule judged · 1 without a scenario here · 0 scenarios"

    def test_says_that_scenarios_are_flaky(self) -> None:
        entry = toys.scenario("edit.a", ("M-1",))
        results = (toys.result(entry), toys.result(entry, Outcome.FAIL, attempt=2))
        text = evidence(toys.run(toys.header((toys.rule("M-1"),), (entry,)), *results))
        assert text == "0 of 1 must rule · 1 scenario · 1 flaky"


class TestParityJson:
    def test_has_a_sound_schema_with_a_description_of_every_property(self) -> None:
        Draft202012Validator.check_schema(SCHEMA)
        for part in walk(SCHEMA):
            for name, item in part.get("properties", {}).items():
                assert "$ref" in item or item["description"], name
            assert "properties" not in part or part["additionalProperties"] is False
            assert "properties" not in part or part["required"] == [*part["properties"]]

    @pytest.mark.parametrize(
        "run", [mixed(), toys.forged(), toys.run(toys.header((), ()), calibration=None, footer=None)]
    )
    def test_is_valid(self, run: Run) -> None:
        Draft202012Validator(SCHEMA).validate(json.loads(parity_json.render(build(run))))

    def test_says_what_was_judged(self) -> None:
        data = json.loads(parity_json.render(build(mixed())))
        assert data["summary"]["exit_code"] == 1
        assert data["features"][0]["rules"]["must"] == {
            **{"total": 6, "applicable": 5, "judged": 2},
            **{"passed": 0, "failed": 2, "partly": 0},
        }
        assert data["scenarios"][0]["attempts"] == ["PASS", "FAIL"]
        assert data["rules"][-1]["findings"][0]["scenario"] == "edit.0"

    @settings(deadline=None)
    @given(hostile.texts)
    def test_carries_any_text_unchanged(self, text: str) -> None:
        data = json.loads(parity_json.render(build(toys.forged(text))).encode())
        Draft202012Validator(SCHEMA).validate(data)
        assert data["probes"][0]["observed"] == json.loads(json.dumps(f"observed {text}"))


class TestWriteReports:
    def test_writes_every_page_and_gives_the_report(self, tmp_path: Path) -> None:
        run = toys.forged()
        report = write_reports(run, tmp_path / "new" / "folder")
        assert report == build(run)
        folder = tmp_path / "new" / "folder"
        assert (folder / "parity.json").read_text() == parity_json.render(report)
        assert (folder / "parity.md").read_text(encoding="utf-8") == markdown.render(report, run)
        assert {path.name for path in folder.iterdir()} == set(FILES)

    def test_leaves_the_old_page_when_the_new_one_cannot_be_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_reports(toys.forged(), tmp_path)
        before = (tmp_path / "parity.json").read_text()

        def full(*_: object) -> None:
            raise OSError("disk full")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="disk full"):
            write_reports(mixed(), tmp_path)
        assert (tmp_path / "parity.json").read_text() == before
        assert {path.name for path in tmp_path.iterdir()} == set(FILES)


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def test_a_file_that_cannot_be_written_is_named_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / ".temporary"))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError) as raised:
        write_file(tmp_path / "page.html", "text")
    assert raised.value.filename == str(tmp_path / "page.html")


def test_a_device_or_a_pipe_gets_the_text_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, "text\n")
    assert os.read(reading, 100) == b"text\n"
    os.close(reading)
    assert pipe.is_fifo()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="Linux has this file system in memory")
def test_a_file_in_memory_is_replaced_as_any_other() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for text in ("first\n", "last\n"):
            write_file(Path(folder) / "report.txt", text)
        assert (Path(folder) / "report.txt").read_text() == "last\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="No space left") as raised:
        write_file(Path("/dev/full"), "text\n")
    assert raised.value.filename == "/dev/full"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_who_may_read_a_file_is_decided_by_the_umask_and_by_the_file_that_it_replaces(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    before = os.umask(0o077)
    try:
        write_file(page, "text\n")
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        page.chmod(0o640)
        write_file(page, "text\n")
        assert stat.S_IMODE(page.stat().st_mode) == 0o640
    finally:
        os.umask(before)


@pytest.mark.parametrize("before", ["old\n", None])
def test_a_link_stays_a_link(tmp_path: Path, before: str | None) -> None:
    page, link = tmp_path / "page.html", tmp_path / "latest.html"
    if before is not None:
        page.write_text(before)
    link.symlink_to("page.html")
    write_file(link, "text\n")
    assert link.is_symlink()
    assert page.read_text() == "text\n"


def test_a_loop_of_links_is_named_and_stays(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links") as raised:
        write_file(loop, "text\n")
    assert raised.value.filename == str(loop)
    assert loop.is_symlink()
