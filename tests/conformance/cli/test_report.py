from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli.explore_output import write
from conformance.cli.report import report
from conformance.errors import BadFile
from conformance.report import FILES, FORMATS, build
from conformance.results.model import Outcome
from conformance.results.runlog import Run, RunWriter
from tests.conformance.report import toys
from tests.conformance.report.test_transcript import EXAMPLE
from tests.conformance.results.explored import exploration, found

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results.explored import Found


def recorded(path: Path, run: Run) -> Path:
    with RunWriter(path, str) as log:
        for record in (run.header, run.calibration, *run.results, *run.probes, run.footer):
            if record is not None:
                log.write(record)
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(report, [str(argument) for argument in arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return recorded(tmp_path / "run.jsonl", toys.forged())


def test_shows_the_run_and_ends_with_its_exit_code(log: Path) -> None:
    result = invoke(log)
    assert result.exit_code == 1
    assert "  4  Editing  FAIL " in result.output
    assert EXAMPLE in result.output


def test_finds_the_log_in_a_folder(log: Path) -> None:
    assert invoke(log.parent).output == invoke(log).output


def test_ends_with_0_for_a_run_as_expected_and_3_for_one_cut_off(tmp_path: Path) -> None:
    run = toys.forged()
    passed = replace(run, results=(replace(run.results[0], outcome=Outcome.PASS, problems=()),))
    assert invoke(recorded(tmp_path / "a.jsonl", passed)).exit_code == 0
    assert invoke(recorded(tmp_path / "b.jsonl", replace(passed, footer=None))).exit_code == 3


@pytest.mark.parametrize("form", FORMATS)
def test_gives_every_format_on_standard_output_or_in_a_file(log: Path, tmp_path: Path, form: str) -> None:
    run = toys.forged()
    expected = FORMATS[form](build(run), run)
    printed = invoke(log, "--format", form, "--source-url", "")
    assert (printed.exit_code, printed.output) == (1, expected)
    written = invoke(log, "--format", form, "--source-url", "", "--out", tmp_path / "new" / "file")
    assert (written.exit_code, written.output) == (1, "")
    assert (tmp_path / "new" / "file").read_text(encoding="utf-8") == expected


def test_prints_only_failures(log: Path, tmp_path: Path) -> None:
    assert invoke(log, "--failures-only").output.startswith(EXAMPLE)
    assert "## Features" not in invoke(log, "--failures-only", "--format", "markdown").output
    invoke(log, "--failures-only", "--out", tmp_path / "file")
    assert (tmp_path / "file").read_text(encoding="utf-8").startswith(EXAMPLE)


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("text", "markdown")])
def test_refuses_half_a_document(log: Path, form: str) -> None:
    result = invoke(log, "--failures-only", "--format", form)
    assert result.exit_code == 2
    assert f"{form} is always whole" in result.output


def test_writes_the_files_of_a_run_into_a_folder(log: Path, tmp_path: Path) -> None:
    assert invoke(log, "--folder", tmp_path / "out").exit_code == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)


def test_says_when_the_file_cannot_be_written(log: Path) -> None:
    result = invoke(log, "--out", log / "file")
    assert isinstance(result.exception, OSError)
    assert result.exception.filename == str(log)


def test_leaves_a_bad_file_to_the_command_that_it_belongs_to(tmp_path: Path) -> None:
    result = invoke(tmp_path)
    assert isinstance(result.exception, BadFile)
    assert "cannot be read" in str(result.exception)


def test_links_lead_to_where_the_spec_is_on_the_web(log: Path) -> None:
    base = "https://example.org/blob/v1"
    assert f"{base}/spec/scenarios/edit.no.yaml#L2" in invoke(log, "--format", "github", "--source-url", base).output
    assert "Scenario: " not in invoke(log, "--format", "github", "--source-url", "").output


def test_an_address_that_is_none_is_a_mistake_of_the_usage(log: Path) -> None:
    found = invoke(log, "--source-url", "javascript:alert(1)")
    assert found.exit_code == 2
    assert "begins with https://" in found.output


def test_allure_is_a_folder(log: Path, tmp_path: Path) -> None:
    found = invoke(log, "--format", "allure", "--out", tmp_path / "results")
    assert (found.exit_code, found.output) == (1, f"1 results for Allure: {tmp_path / 'results'}\n")
    assert len(list((tmp_path / "results").glob("*-result.json"))) == 1
    assert invoke(log, "--format", "html", "--out", tmp_path).exit_code == 2


def explored(folder: Path, *findings: Found) -> Path:
    lines = "".join(f"{one}\n" for one in exploration(*findings).lines())
    (folder / "explored.jsonl").write_text(lines, encoding="utf-8")
    return folder / "explored.jsonl"


def test_shows_what_was_explored_beside_the_run_and_ends_as_the_run_does(log: Path, tmp_path: Path) -> None:
    explored(log.parent, found())
    result = invoke(log, "--folder", tmp_path / "pages")
    assert result.exit_code == 1
    assert "explored.0a1b2c3d  EDIT-2" in result.output
    for name in ("parity.md", "parity.html", "parity.json"):
        assert "0a1b2c3d" in (tmp_path / "pages" / name).read_text(encoding="utf-8")


def test_a_damaged_exploration_costs_one_line_and_the_rest_is_written(log: Path, tmp_path: Path) -> None:
    explored(log.parent).write_text("{}\n", encoding="utf-8")
    result = invoke(log, "--folder", tmp_path / "pages")
    assert result.exit_code == 2
    assert EXAMPLE in result.stdout
    (complaint,) = result.stderr.splitlines()
    assert "explored.jsonl:1: is not a line of an exploration" in complaint
    assert {one.name for one in (tmp_path / "pages").iterdir()} >= set(FILES)


def test_an_exploration_into_the_folder_of_a_run_writes_its_reports_again(log: Path) -> None:
    write(exploration(found()), log.parent, str)
    assert "0a1b2c3d" in (log.parent / "parity.html").read_text(encoding="utf-8")
    (log.parent / "parity.html").write_text("old", encoding="utf-8")
    log.write_text("nothing\n", encoding="utf-8")
    write(exploration(), log.parent, str)
    assert (log.parent / "parity.html").read_text(encoding="utf-8") == "old"
