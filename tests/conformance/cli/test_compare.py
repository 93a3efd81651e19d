"""`chat-parity compare`: files, folders and servers side by side."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from conformance.cli.compare import compare
from conformance.errors import BadFile, UsageError
from conformance.results.model import Outcome
from tests.conformance.cli.test_report import explored, recorded
from tests.conformance.cli.test_run import toy_spec_folder  # noqa: F401 -- a fixture
from tests.conformance.report import toys
from tests.conformance.report.hostile import NASTY
from tests.conformance.results.explored import found

if TYPE_CHECKING:
    from conformance.results.runlog import Run

SCHEMA = json.loads((Path(__file__).parents[3] / "spec/formats/comparison.schema.json").read_text())


def passed(run: Run) -> Run:
    good = replace(run.results[0], outcome=Outcome.PASS, problems=())
    probe = replace(run.probes[0], observed="nothing")
    return replace(run, header=replace(run.header, run="2f0e"), results=(good,), probes=(probe,))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(compare, [str(argument) for argument in arguments])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return recorded(tmp_path / "old" / "run.jsonl", passed(toys.forged()))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return recorded(tmp_path / "new" / "run.jsonl", toys.forged())


def test_shows_the_table_what_changed_and_the_probes_that_differ(old: Path, new: Path) -> None:
    result = invoke(old, new)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "OLD  toy · 2026-02-22T20:49:32+01:00 · targets/toy.yaml"
    assert "  4  Editing   OK          FAIL        REGRESSED" in lines
    assert "  5  Dropping  NOT TESTED  NOT TESTED  NOT COMPARABLE  not tested in OLD and NEW" in lines
    assert "  REGRESSED  must    EDIT-2 (edit)  “The sentence of EDIT-2.”" in lines
    assert "             edit.no" in lines
    assert lines[lines.index("Probes that differ") + 1 :][:4] == [
        "  echo  Does the sender get an echo?",
        "    OLD  nothing",
        "    NEW  observed forged",
        "    It shows twice.",
    ]
    assert lines[-2:] == ["2 features: 1 REGRESSED, 1 NOT COMPARABLE", "1 scenario: 1 REGRESSED"]


def test_takes_folders_as_well(old: Path, new: Path) -> None:
    assert invoke(old.parent, new.parent).output == invoke(old, new).output


def test_shows_a_scenario_line_by_line(old: Path, new: Path) -> None:
    result = invoke(old, new, "--scenario", "edit.no")
    assert '      → Edit  {id: ⟨message⟩, text: "forged"}' in result.output
    assert isinstance(invoke(old, new, "--scenario", "edit.gone").exception, UsageError)


def test_gives_markdown_and_json_that_fit(old: Path, new: Path, tmp_path: Path) -> None:
    assert "| 4 | Editing | OK | FAIL | **REGRESSED** |  |" in invoke(old, new, "--format", "markdown").output
    out = tmp_path / "comparison.json"
    assert invoke(old, new, "--format", "json", "--scenario", "edit.no", "--out", out).output == ""
    document = json.loads(out.read_text())
    Draft202012Validator(SCHEMA).validate(document)
    assert document["features"][0]["status"] == "REGRESSED"
    assert document["alignment"]["clients"][0]["lines"][0]["same"] is True


def test_ends_with_3_when_one_is_not_complete(old: Path, tmp_path: Path) -> None:
    cut = recorded(tmp_path / "cut.jsonl", replace(toys.forged(), footer=None))
    result = invoke(old, cut)
    assert result.exit_code == 3
    assert "NEW is not complete (cut off)" in result.output


def test_leaves_a_bad_file_to_the_command_that_it_belongs_to(old: Path, tmp_path: Path) -> None:
    assert isinstance(invoke(old, tmp_path / "none.jsonl").exception, BadFile)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_what_a_server_sent_stays_on_its_line_in_every_view(tmp_path: Path, form: str) -> None:
    runs = []
    for name, run in (("old", passed(toys.forged())), ("new", toys.forged())):
        nasty = [replace(run.probes[0], id=f"p{n}", observed=f"{name}{text}") for n, text in enumerate(NASTY)]
        header = replace(run.header, target=replace(run.header.target, name="".join(NASTY)))
        runs.append(recorded(tmp_path / name, replace(run, header=header, probes=tuple(nasty))))
    output = invoke(*runs, "--format", form, "--scenario", "edit.no").output
    assert all(line.isprintable() for line in output.split("\n"))
    assert "##[" not in output
    assert "<script>" not in output or form != "markdown"


def test_a_server_that_is_not_there_is_no_side_of_a_comparison(
    old: Path,
    tmp_path: Path,
    toy_spec_folder: Path,  # noqa: F811
) -> None:
    """By a real process: the run is tried, recorded as incomplete, and not compared."""
    (tmp_path / "gone.yaml").write_text(
        "name: gone\ninstances: ['ws://127.0.0.1:9/ws']\nauth: {jwt: {secret_env: TOY_SECRET}}\n"
        "provision: {driver: jwt, conversations: any id}\n"
    )
    command = [sys.executable, "-m", "conformance.cli", "compare", str(old), str(tmp_path / "gone.yaml")]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path / "kept"), "--format", "json", "--spec", str(toy_spec_folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"TOY_SECRET": "0" * 40, "PATH": ""},
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "127.0.0.1:9" in done.stderr
    assert (tmp_path / "kept" / "new" / "run.jsonl").exists()


def test_gives_a_page_of_html(old: Path, new: Path, tmp_path: Path) -> None:
    assert invoke(old, new, "--format", "html", "--scenario", "edit.no", "--out", tmp_path / "page.html").exit_code == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "1 feature regressed" in text
    assert "edit.no, line by line" in text


def test_the_findings_of_explore_beside_the_two_runs_are_compared(old: Path, new: Path) -> None:
    explored(old.parent, found("a" * 8))
    explored(new.parent, found("b" * 8))
    result = invoke(old, new)
    assert result.exit_code == 0
    assert "Explored: 1 NEW, 1 GONE" in result.output


def test_a_damaged_exploration_costs_one_line_and_nothing_of_the_comparison(old: Path, new: Path) -> None:
    explored(new.parent).write_text("{", encoding="utf-8")
    result = invoke(old, new)
    assert result.exit_code == 2
    assert "REGRESSED" in result.stdout
    (complaint,) = result.stderr.splitlines()
    assert "explored.jsonl:1: is not a line of an exploration" in complaint
