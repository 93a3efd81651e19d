"""`chat-parity waivers check` and `update`, and what `run --waivers` makes of a file, by real processes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli import waivers as verb
from conformance.errors import BadFile, UsageError
from conformance.results.model import Outcome
from tests.conformance.cli.test_report import recorded
from tests.conformance.report import toys

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results.runlog import Run

ENTRY = """\
waivers:
  - scenario: edit.no
    reason: It is known.
    issue: 12
    owner: alice
    expires: {expires}
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(verb.waivers, [str(argument) for argument in arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return recorded(tmp_path / "run.jsonl", toys.forged())


def passed(run: Run) -> Run:
    return replace(run, results=(replace(run.results[0], outcome=Outcome.PASS, problems=()),))


class TestCheck:
    def test_has_nothing_to_say_of_a_good_file(self, tmp_path: Path) -> None:
        (tmp_path / "w.yaml").write_text(ENTRY.format(expires="9999-12-31"))
        result = invoke("check", tmp_path / "w.yaml")
        assert (result.exit_code, result.output) == (0, f"{tmp_path / 'w.yaml'}: 1 waivers\n")

    def test_names_what_has_expired_and_ends_with_1(self, tmp_path: Path) -> None:
        (tmp_path / "w.yaml").write_text(ENTRY.format(expires="2020-01-01"))
        result = invoke("check", tmp_path / "w.yaml")
        assert result.exit_code == 1
        assert "w.yaml:2: EXPIRED: the waiver of edit.no ended on 2020-01-01" in result.output

    def test_says_the_same_to_programs(self, tmp_path: Path) -> None:
        (tmp_path / "w.yaml").write_text(ENTRY.format(expires="2020-01-01"))
        result = invoke("check", tmp_path / "w.yaml", "--format", "json")
        [document] = json.loads(result.output)
        assert (result.exit_code, document["waivers"]) == (1, 1)
        assert [(one["scenario"], one["line"]) for one in document["expired"]] == [("edit.no", 2)]

    def test_leaves_a_bad_file_to_the_command_that_it_belongs_to(self, tmp_path: Path) -> None:
        (tmp_path / "w.yaml").write_text(ENTRY.format(expires="soon"))
        assert isinstance(invoke("check", tmp_path / "w.yaml").exception, BadFile)


class TestUpdate:
    def test_writes_a_new_file_that_nobody_gets_through_with(self, log: Path, tmp_path: Path) -> None:
        file = tmp_path / "w.yaml"
        result = invoke("update", log, file)
        assert result.exit_code == 1
        assert "added  edit.no\n" in result.output
        assert isinstance(invoke("check", file).exception, BadFile)
        file.write_text(re.sub(r"expires: TODO", "expires: 9999-12-31", file.read_text()).replace("TODO", "Written."))
        assert invoke("check", file).exit_code == 0
        assert invoke("update", log, file).exit_code == 0

    def test_drops_what_passes(self, tmp_path: Path) -> None:
        file = tmp_path / "w.yaml"
        file.write_text("# ours\n" + ENTRY.format(expires="9999-12-31"))
        result = invoke("update", recorded(tmp_path / "run.jsonl", passed(toys.forged())), file)
        assert result.exit_code == 0
        assert "dropped  edit.no  STALE\n" in result.output
        assert file.read_text() == "# ours\nwaivers: []\n"

    def test_says_the_same_to_programs(self, log: Path, tmp_path: Path) -> None:
        result = invoke("update", log, tmp_path / "w.yaml", "--format", "json")
        [document] = json.loads(result.output)
        assert (result.exit_code, document["waivers"], document["dropped"]) == (1, 1, [])
        assert [one["scenario"] for one in document["added"]] == ["edit.no"]
        assert [one["scenario"] for one in document["to_be_written"]] == ["edit.no"]

    def test_wants_to_know_the_file_of_a_run_that_had_none(self, log: Path) -> None:
        assert isinstance(invoke("update", log).exception, UsageError)
