"""`report`, `compare` and `gate` with a load that was recorded beside a run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from conformance.cli.beside import write_reports_again
from conformance.cli.compare import compare
from conformance.cli.gate import gate
from conformance.cli.report import report
from conformance.spec import find
from tests.conformance.cli.test_report import recorded
from tests.conformance.report import runs
from tests.conformance.results.load.records import a_record

if TYPE_CHECKING:
    from pathlib import Path

    import click
    from click.testing import Result

    from conformance.results.load.record import LoadRecord


def invoke(verb: click.Command, *words: object) -> Result:
    return CliRunner().invoke(verb, [str(word) for word in words])


def with_load(folder: Path, name: str, day: int, load: LoadRecord) -> Path:
    """Record a run with a load beside it."""
    good = runs.good()
    folder.mkdir()
    recorded(
        folder / "run.jsonl", replace(good, header=replace(good.header, run=name, started=f"2026-02-0{day}T00:00:00Z"))
    )
    (folder / "load.json").write_text(json.dumps(load.to_dict()), encoding="utf-8")
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return with_load(tmp_path / "old", "old", 1, a_record(20.0))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return with_load(tmp_path / "new", "new", 2, a_record(40.0))


def test_a_report_has_the_columns(old: Path) -> None:
    result = invoke(report, old)
    assert result.exit_code == 0
    assert "p99 ms" in result.output


def test_a_damaged_load_costs_one_line_and_the_rest_is_shown(old: Path) -> None:
    (old / "load.json").write_text("{}", encoding="utf-8")
    result = invoke(report, old)
    assert result.exit_code == 2
    assert "OK" in result.stdout
    assert "load.json" in result.stderr


def test_a_comparison_has_the_columns(old: Path, new: Path) -> None:
    result = invoke(compare, old, new)
    assert result.exit_code == 0
    assert "p99 ms" in result.output


def test_a_gate_takes_a_limit(old: Path, new: Path) -> None:
    assert invoke(gate, new, "--against", old).exit_code == 0
    assert invoke(gate, new, "--against", old, "--max-p99-ratio", 3).exit_code == 0
    result = invoke(gate, new, "--against", old, "--max-p99-ratio", 1.5)
    assert result.exit_code == 1
    assert result.output.startswith("gate: closed: 2 slower than allowed; first: the reply p99 of SendMessage is 40.0")


def test_a_gate_with_a_limit_needs_both_loads(old: Path, new: Path) -> None:
    (old / "load.json").unlink()
    result = CliRunner().invoke(gate, [str(new), "--against", str(old), "--max-p99-ratio", "1.5"])
    assert "there is no recorded load; `chat-parity load TARGET --out FOLDER` makes one" in str(result.exception)


def test_a_load_into_the_folder_of_a_run_writes_its_reports_again(old: Path) -> None:
    assert write_reports_again(old)
    assert "p99 ms" in (old / "parity.html").read_text(encoding="utf-8")


def test_what_is_damaged_beside_the_run_is_named_when_its_reports_are_written_again(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (old / "explored.jsonl").write_text("{", encoding="utf-8")
    assert write_reports_again(old)
    assert "explored.jsonl" in capsys.readouterr().err
    assert "p99 ms" in (old / "parity.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("verb", "runs"), [(report, 1), (compare, 2)])
def test_a_spec_that_differs_from_the_installed_one_is_named_once(
    old: Path, new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: click.Command, runs: int
) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "formats").symlink_to(find() / "formats")
    (tmp_path / "spec" / "protocol.yaml").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = invoke(verb, *(old, new)[:runs])
    assert result.stderr.count("chat-parity: reads ./spec, which differs from the installed ") == 1
    assert "p99 ms" in result.stdout
