"""`chat-parity gate`: what it prints, what it ends with; and a whole migration by real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from conformance.cli.gate import gate
from conformance.errors import BadFile, UsageError
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.cli.test_compare import passed
from tests.conformance.cli.test_report import recorded
from tests.conformance.cli.test_run import TARGET, toy_spec_folder  # noqa: F401 -- a fixture
from tests.conformance.report import toys
from tests.conformance.run_contexts import SECRET
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted

if TYPE_CHECKING:
    from conformance.results.runlog import Run

pytestmark = pytest.mark.end_to_end

SCHEMA = json.loads((Path(__file__).parents[3] / "spec/formats/gate.schema.json").read_text())
WAIVERS = """\
waivers:
  - {{scenario: edit.no, reason: It is known., issue: 12, owner: alice, expires: {expires}}}
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(gate, [str(argument) for argument in arguments])


def at(run: Run, started: str, name: str) -> Run:
    return replace(run, header=replace(run.header, started=started, run=name))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return recorded(tmp_path / "good.jsonl", at(passed(toys.forged()), "2026-02-01T00:00:00Z", "good"))


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return recorded(tmp_path / "bad.jsonl", at(toys.forged(), "2026-02-02T00:00:00Z", "bad"))


def test_only_says_what_it_would_decide(good: Path, bad: Path) -> None:
    result = invoke(bad, "--against", good, "--dry-run")
    assert result.exit_code == 0
    assert result.output.startswith("gate: closed: 1 lost that passed")


def test_says_in_one_line_why_it_is_closed(good: Path, bad: Path) -> None:
    result = invoke(bad, "--against", good)
    assert result.exit_code == 1
    line, *details = result.output.splitlines()
    assert line == "gate: closed: 1 lost that passed; first: edit.no passed, and fails: never Edited at alice, bob"
    assert details == ["  LOST        edit.no passed, and fails: never Edited at alice, bob"]


def test_says_in_one_line_that_it_is_open(good: Path, tmp_path: Path) -> None:
    later = recorded(tmp_path / "later.jsonl", at(passed(toys.forged()), "2026-02-02T00:00:00Z", "later"))
    result = invoke(later, "--against", good)
    assert (result.exit_code, result.output) == (
        0,
        "gate: open: toy has lost nothing of 1 scenario that passed in toy\n",
    )


def test_takes_waivers_and_asks_whether_they_are_valid_today(good: Path, bad: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(WAIVERS.format(expires="9999-12-31"))
    assert invoke(bad, "--against", good, "--waivers", file).exit_code == 0
    file.write_text(WAIVERS.format(expires="2026-02-02"))
    result = invoke(bad, "--against", good, "--waivers", file)
    assert result.exit_code == 1
    assert f"{file}:2: EXPIRED: the waiver of edit.no ended on 2026-02-02" in result.output


def test_asks_the_waivers_of_the_run_again_on_the_day_of_the_decision(good: Path, tmp_path: Path) -> None:

    entry = Waiver("edit.no", "It is known.", "#12", "alice", "2026-02-02")
    run = at(toys.forged(), "2026-02-02T00:00:00Z", "bad")
    run = replace(run, header=replace(run.header, waivers=Waivers("w.yaml", "2026-02-02", (entry,))))
    result = invoke(recorded(tmp_path / "bad.jsonl", run), "--against", good)
    assert result.exit_code == 1
    assert "EXPIRED" in result.output


@pytest.mark.parametrize(
    "options", [(), ("--any-order",), ("--format", "json", "--any-order"), ("--format", "markdown", "--any-order")]
)
def test_refuses_one_run_twice(good: Path, options: tuple[str, ...]) -> None:
    error = invoke(good, "--against", good, *options).exception
    assert isinstance(error, UsageError)
    assert "the same run" in str(error)


def test_refuses_runs_that_look_swapped(good: Path, bad: Path) -> None:
    error = invoke(good, "--against", bad).exception
    assert isinstance(error, UsageError)
    assert "NEW (2026-02-01T00:00:00Z) was recorded before OLD (2026-02-02T00:00:00Z); swap" in str(error)
    assert invoke(good, "--against", bad, "--any-order").exit_code == 0


def test_takes_a_feature_out_by_id_or_number_and_no_other_word(good: Path, bad: Path) -> None:
    for word in ("edit", "4"):
        result = invoke(bad, "--against", good, "--without", word)
        assert result.exit_code == 3  # nothing else was judged
    assert isinstance(invoke(bad, "--against", good, "--without", "edits").exception, UsageError)


def test_leaves_a_bad_file_to_the_command_that_it_belongs_to(good: Path, tmp_path: Path) -> None:
    for words in ((tmp_path / "none", "--against", good), (good, "--against", tmp_path / "none")):
        assert isinstance(invoke(*words).exception, BadFile)


def test_gives_json_that_fits_and_markdown(good: Path, bad: Path, tmp_path: Path) -> None:
    assert invoke(bad, "--against", good, "--format", "json", "--out", tmp_path / "gate.json").output == ""
    document = json.loads((tmp_path / "gate.json").read_text())
    Draft202012Validator(SCHEMA).validate(document)
    assert (document["open"], document["exit_code"]) == (False, 1)
    assert document["reasons"][0]["subject"] == "edit.no"
    page = invoke(bad, "--against", good, "--format", "markdown").output
    assert "- **LOST** edit.no passed, and fails: never Edited at alice, bob" in page


def test_shows_ten_reasons_of_a_kind_unless_all_are_asked_for(tmp_path: Path) -> None:
    scenarios = tuple(toys.scenario(f"edit.s{n:02}", ("EDIT-1",)) for n in range(12))
    header = toys.header((toys.rule("EDIT-1"),), scenarios)
    old = toys.run(replace(header, run="old"), *(toys.result(one) for one in scenarios))
    new = toys.run(replace(header, run="new"))
    words = (recorded(tmp_path / "new", new), "--against", recorded(tmp_path / "old", old))
    assert "  … and 2 more; --verbose shows them" in invoke(*words).output.splitlines()
    assert len(invoke(*words, "--verbose").output.splitlines()) == 1 + 12


@dataclass(frozen=True)
class Migration:
    """Runs verbs as processes, in a folder of its own, with the toys for a spec."""

    folder: Path
    spec: Path

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "conformance.cli", *words],
            cwd=self.folder,
            env={**os.environ, "TOY_SECRET": SECRET, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            text=True,
            check=False,
        )

    def target(self, name: str, server: ChatServer, more: str = "") -> str:
        (self.folder / name).write_text(f"{TARGET.format(url=server.url)}\n{more}")
        return name

    def run_target(self, target: str, out: str, *words: str) -> subprocess.CompletedProcess[str]:
        return self("run", target, "--out", out, "--spec", str(self.spec), *(words or ("toy.told", "toy.pinged")))


def test_a_migration_from_server_to_server(toy_spec_folder: Path, tmp_path: Path) -> None:  # noqa: F811
    shell = Migration(tmp_path, toy_spec_folder)

    def ended(done: Any, code: int) -> str:
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout)

    (tmp_path / "w.yaml").write_text(WAIVERS.format(expires="9999-12-31").replace("edit.no", "toy.told"))
    with hosted(ChatServer().serving()) as server:
        old = shell.target("old.yaml", server)
        ended(shell.run_target(old, "old"), 0)
        ended(shell.run_target(old, "narrow", "toy.pinged"), 0)
        stale = ended(shell.run_target(old, "stale", "toy.told", "--waivers", "w.yaml"), 1)
        assert "w.yaml:2: STALE: toy.told does not fail any more; remove the entry" in stale
    with hosted(ChatServer("in order", "drop").serving()) as server:
        ended(shell.run_target(shell.target("new.yaml", server), "new"), 1)
        listed = ended(shell.run_target(shell.target("listed.yaml", server, "waivers: w.yaml"), "listed"), 0)
        assert "1 waiver: 1 ACTIVE" in listed
    assert "1 WAIVED" in ended(shell("report", "listed"), 0)
    closed = ended(shell("gate", "new", "--against", "old"), 1)
    assert closed.startswith("gate: closed: 1 lost that passed; first: toy.told passed, and fails: ")
    assert ended(shell("gate", "listed", "--against", "old"), 0).startswith("gate: open: ")
    assert "toy.told was judged (PASS), and is NOT RUN" in ended(shell("gate", "narrow", "--against", "old"), 3)
    assert " 3  SendMessage " in ended(shell("compare", "old", "new", "--scenario", "toy.told"), 0)
    assert "added  toy.told\n" in ended(shell("waivers", "update", "new", "fresh.yaml"), 1)
    assert "still to be written" in shell("gate", "new", "--against", "old", "--waivers", "fresh.yaml").stderr
