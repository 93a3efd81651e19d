from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from conformance.cli.listing import listing
from conformance.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


WITH_CASES = """\
id: send-message.cases
title: A toy with two cases
feature: send_message
rules: [SEND-1]
given: {users: [alice]}
steps: [{sync: alice}, {check: "${case.value}", is: x}]
cases: {first: {value: x}, second: {value: x}}
"""


@pytest.fixture
def folder(spec_folder: Path, tmp_path: Path) -> Path:
    for part in spec_folder.iterdir():
        if part.is_symlink():
            (tmp_path / part.name).symlink_to(part.resolve())
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "cases.yaml").write_text(WITH_CASES)
    return tmp_path


def invoke(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(listing, [*words, "--spec", str(folder)])


def lines(folder: Path, *words: str) -> list[str]:
    result = invoke(folder, *words)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_counts_what_there_is_when_nothing_is_asked(folder: Path, spec: Spec) -> None:
    assert [line.split() for line in lines(folder)] == [
        ["features", "25"],
        ["rules", str(len(spec.rules))],
        ["scenarios", "1"],
        ["probes", "0"],
        ["messages", "39"],
    ]


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("features", "websocket_connection  1   0 scenarios  WebSocket connection"),
        ("rules", "CONN-1    must "),
        ("scenarios", "send-message.cases  SEND-1  A toy with two cases (2 cases)"),
        ("messages", "AddReaction         incoming  conversation_id, message_id, emoji"),
    ],
)
def test_begins_each_line_with_the_id(folder: Path, kind: str, first: str) -> None:
    assert lines(folder, kind)[0].startswith(first)


def test_aligns_the_columns(folder: Path) -> None:
    assert len({line.index("incoming") for line in lines(folder, "messages") if "incoming" in line}) == 1


def test_narrows_by_globs(folder: Path) -> None:
    listed = lines(folder, "rules", "PING-*", "ACK-1")
    assert [line.split()[0] for line in listed] == ["PING-1", "PING-2", "PING-3", "PING-4", "PING-5", "ACK-1"]


def test_finds_a_file_by_one_of_its_cases(folder: Path) -> None:
    assert len(lines(folder, "scenarios", "send-message.cases[second]")) == 1


def test_looks_everywhere_without_a_kind(folder: Path) -> None:
    assert [line.split()[:2] for line in lines(folder, "*typing*", "Typing")] == [
        ["typing_indicators", "features"],
        ["Typing", "messages"],
    ]


def test_says_that_nothing_has_such_a_name(folder: Path) -> None:
    error = invoke(folder, "rules", "NOPE-*").exception
    assert isinstance(error, UsageError)
    assert str(error) == "nothing among the rules is called NOPE-*"


def document(folder: Path, *words: str) -> Any:
    return json.loads("\n".join(lines(folder, *words, "--format", "json")))


def test_gives_json(folder: Path) -> None:
    (one,) = document(folder, "scenarios")
    assert one == {
        "id": "send-message.cases",
        "title": "A toy with two cases",
        "feature": "send_message",
        "rules": ["SEND-1"],
        "tags": [],
        "place": "spec/scenarios/cases.yaml:1",
        "cases": ["send-message.cases[first]", "send-message.cases[second]"],
    }
    assert set(document(folder)) == {"features", "rules", "scenarios", "probes", "messages"}


def test_says_which_fields_a_message_may_leave_out(folder: Path) -> None:
    assert document(folder, "messages", "FetchHistory")[0]["optional"] == ["cursor", "limit"]
