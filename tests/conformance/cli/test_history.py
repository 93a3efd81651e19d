"""`chat-parity history` and `chat-parity matrix`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from conformance.cli.history import history
from conformance.cli.matrix import matrix
from conformance.errors import BadFile, UsageError
from tests.conformance.cli.test_report import recorded
from tests.conformance.report import runs

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(history, [str(argument) for argument in arguments])


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    """Two runs of one server: a good one, and a later one with failures."""
    good, bad = runs.good(), runs.mixed()
    later = replace(bad, header=replace(bad.header, run="2", started="2026-03-01T00:00:00Z"))
    return [recorded(tmp_path / "1.jsonl", good), recorded(tmp_path / "2.jsonl", later)]


def test_runs_are_added_once_and_shown(logs: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    assert invoke("add", *logs, "--file", file).output.count(": added\n") == 2
    assert "the history has it already" in invoke("add", logs[0], "--file", file).output
    shown = invoke("show", "--file", tmp_path)  # the folder that holds it
    assert shown.exit_code == 0
    assert "  4  Editing                           ✓✕     FAIL" in shown.output
    assert len(json.loads(invoke("show", "--file", file, "--format", "json", "--last", "1").output)["runs"]) == 1
    invoke("show", "--file", file, "--format", "html", "--out", tmp_path / "h.html")
    assert "History of toy" in (tmp_path / "h.html").read_text(encoding="utf-8")


def test_a_server_without_runs_is_told_with_what_was_meant(logs: list[Path], tmp_path: Path) -> None:
    invoke("add", *logs, "--file", tmp_path / "h")
    found = invoke("show", "--file", tmp_path / "h", "--target", "tony")
    assert isinstance(found.exception, UsageError)
    assert "no runs of 'tony'" in str(found.exception)
    assert "toy" in str(found.exception)


def test_a_damaged_run_or_history_is_refused(logs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert isinstance(invoke("add", tmp_path / "bad.jsonl", "--file", tmp_path / "h").exception, BadFile)
    assert isinstance(invoke("show", "--file", logs[0]).exception, BadFile)


def test_a_matrix_has_a_column_for_each_run(logs: list[Path], tmp_path: Path) -> None:
    found = CliRunner().invoke(matrix, [str(log) for log in logs])
    assert found.exit_code == 0
    assert "toy 2026-03-01T00:00:00Z" in found.output
    CliRunner().invoke(matrix, [*map(str, logs), "--format", "html", "--out", str(tmp_path / "m.html")])
    assert "2 features of 2 servers" in (tmp_path / "m.html").read_text(encoding="utf-8")
    assert CliRunner().invoke(matrix, [str(logs[0])] * 41).exit_code == 2
