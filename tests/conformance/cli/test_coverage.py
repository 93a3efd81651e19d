from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli.coverage import coverage
from conformance.results.runlog import RunWriter
from tests.conformance.report import toys

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    run = toys.forged()
    with RunWriter(tmp_path / "run.jsonl", str) as writer:
        for record in (run.header, run.calibration, *run.results, run.footer):
            assert record is not None
            writer.write(record)
    return tmp_path


@pytest.fixture
def invoke(spec_folder: Path, log: Path):
    def invoke(*options: object) -> Result:
        return CliRunner().invoke(coverage, [str(log), "--spec", str(spec_folder), *map(str, options)])

    return invoke


def test_prints_figures_and_ends_with_1_where_something_is_missing(invoke) -> None:
    result = invoke()
    assert "must rules                       1 of 1, 100.0 %\n" in result.output
    assert "chat-parity: not covered: AddReaction, " in result.output
    assert " more\n" in result.output
    assert result.exit_code == 1


def test_prints_other_formats(invoke) -> None:
    assert json.loads(invoke("--format", "json").stdout)["target"] == "toy"
    assert invoke("--format", "markdown").output.startswith("# Coverage: toy\n")
