"""A recording becomes a log and reports in which nothing is OK."""

from __future__ import annotations

import importlib
import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from conformance.cli.main import chat_parity
from conformance.errors import BadFile, UsageError
from conformance.files.documents import read_json
from conformance.results.runlog import read_run
from conformance.spec import find

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from conformance.spec import Spec

GREETING = {"type": "ActionConfirmed", "action": "connected", "success": True}
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


def recording(folder: Path, *frames: tuple[str, Any]) -> Path:
    messages = [
        {"type": way, "time": 1_771_793_372.5 + at, "opcode": 1, "data": json.dumps(frame)}
        for at, (way, frame) in enumerate(frames)
    ]
    entry = {"request": {"url": f"wss://chat.example/ws?token={TOKEN}"}, "_webSocketMessages": messages}
    file = folder / "chat.har"
    file.write_text(json.dumps({"log": {"entries": [entry]}}), encoding="utf-8")
    return file


def judged(folder: Path, *frames: tuple[str, Any], more: tuple[str, ...] = ()) -> Result:
    words = ["judge", str(recording(folder, *frames)), "--out", str(folder / "out"), *more]
    return CliRunner().invoke(chat_parity, words)


@pytest.fixture(autouse=True)
def _small_spec(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging needs no scenario, and reading all of them takes a while."""
    monkeypatch.setattr(importlib.import_module("conformance.cli.judge"), "load", lambda _: spec)


RIGHT = (("receive", GREETING), ("send", {"type": "Ping"}), ("receive", {"type": "Pong"}))


class TestARightRecording:
    @pytest.fixture
    def result(self, tmp_path: Path) -> Result:
        return judged(tmp_path, *RIGHT)

    def test_ends_with_0_and_calls_what_it_saw_observed(self, result: Result) -> None:
        assert result.exit_code == 0
        assert "Ping/Pong keepalive" in result.output
        assert "OBSERVED" in result.output
        assert "NOT TESTED" in result.output
        assert " OK" not in result.output

    def test_leaves_what_was_not_seen_not_tested(self, result: Result, tmp_path: Path) -> None:
        page = json.loads((tmp_path / "out" / "parity.json").read_text())
        verdicts = {one["id"]: one["verdict"] for one in page["features"]}
        assert (verdicts["ping_pong"], verdicts["send_message"]) == ("OBSERVED", "NOT TESTED")
        assert len(verdicts) == 25

    def test_writes_a_log_that_only_report_shows(self, result: Result, tmp_path: Path) -> None:
        with pytest.raises(BadFile, match=r"run\.jsonl:1: is a log of observed traffic"):
            read_run(tmp_path / "out")
        shown = CliRunner().invoke(chat_parity, ["report", str(tmp_path / "out")])
        assert shown.exit_code == 0
        assert "OBSERVED" in shown.output

    def test_gives_json_of_the_form_of_every_report(self, result: Result, tmp_path: Path) -> None:
        schema = read_json(find() / "formats" / "parity.schema.json")
        Draft202012Validator(schema).validate(json.loads((tmp_path / "out" / "parity.json").read_text()))

    def test_has_a_page_and_a_table(self, result: Result, tmp_path: Path) -> None:
        assert "OBSERVED" in (tmp_path / "out" / "parity.html").read_text()
        assert "OBSERVED" in (tmp_path / "out" / "parity.md").read_text()


class TestAWrongRecording:
    WRONG = (
        *RIGHT,
        ("receive", {"type": "Pong"}),
        ("receive", {"type": "Error", "message": f"? {TOKEN} a private word", "code": 5}),
    )

    @pytest.fixture
    def result(self, tmp_path: Path) -> Result:
        return judged(tmp_path, *self.WRONG)

    def test_ends_with_1_and_shows_each_violation(self, result: Result) -> None:
        assert result.exit_code == 1
        assert "FAIL  PING-1  client-1: Pong came, but no request waits for a reply" in result.output
        assert "FAIL  CONN-2  client-1: the server sent a wrong Error: `code` is wrong" in result.output
        assert (
            "FAIL  AUTH-5  client-1: the server sent 'Error' with the token of this connection in it" in result.output
        )

    def test_keeps_neither_content_nor_tokens(self, result: Result, tmp_path: Path) -> None:
        for file in (tmp_path / "out").iterdir():
            text = file.read_text()
            assert TOKEN[-20:] not in text
            assert "private word" not in text
        assert TOKEN not in result.output

    def test_shows_the_frames_before_the_first(self, result: Result) -> None:
        assert "→ Ping" in result.output
        assert "Again:  chat-parity judge" in result.output or "Again:  " in result.output


def test_a_mistake_of_the_client_is_told_and_changes_nothing(tmp_path: Path) -> None:
    result = judged(tmp_path, *RIGHT, ("send", {"type": "Typing"}))
    assert result.exit_code == 0
    assert "client  client-1: the client sent a wrong Typing: `conversation_id` is missing" in result.output
    assert "a mistake of the client, not of the server" in result.stderr


def test_a_corrupt_recording_ends_with_2_and_one_line(tmp_path: Path) -> None:
    file = tmp_path / "chat.har"
    file.write_text('{"log": {"entries": [')
    result = CliRunner().invoke(chat_parity, ["judge", str(file)])
    assert isinstance(result.exception, BadFile)
    assert result.exception.exit_code == 2
    assert str(result.exception).endswith("chat.har:1: this is not JSON: Expecting value; is the recording cut off?")


class TestARecordingOfTwoServers:
    @pytest.fixture
    def both(self, tmp_path: Path) -> Path:
        file = recording(tmp_path, *RIGHT)
        value = json.loads(file.read_text(encoding="utf-8"))
        other = {"type": "receive", "time": 1_771_793_372.0, "opcode": 1, "data": "not of the protocol"}
        entry = {"request": {"url": "wss://metrics.example/live?key=1"}, "_webSocketMessages": [other]}
        value["log"]["entries"].insert(0, entry)
        file.write_text(json.dumps(value), encoding="utf-8")
        return file

    def test_needs_the_name_of_one(self, both: Path) -> None:
        result = CliRunner().invoke(chat_parity, ["judge", str(both)])
        assert isinstance(result.exception, UsageError)
        said = "has messages of 2 servers: choose with --server (chat.example/ws, metrics.example/live)"
        assert str(result.exception).endswith(said)

    def test_is_judged_by_that_one(self, both: Path, tmp_path: Path) -> None:
        words = ["judge", str(both), "--out", str(tmp_path / "out"), "--server"]
        result = CliRunner().invoke(chat_parity, [*words, "chat.example"])
        assert result.exit_code == 0, result.output
        assert "left out: 1 connection to metrics.example/live" in result.stderr
        wrong = CliRunner().invoke(chat_parity, [*words, "other.example"])
        assert "has no messages of other.example, but of chat.example/ws, " in str(wrong.exception)


class TestATargetFile:
    FILE = """
        name: staging
        instances: [wss://chat.example/ws]
        auth: {query_param: token, jwt: {secret_env: NOBODY_HAS_SET_THIS}}
        provision: {driver: jwt}
        limits: {history_default: 1}
        dialect: {types: {Ping: heartbeat, Pong: heartbeat_ack}}
    """

    @pytest.fixture
    def target(self, tmp_path: Path) -> Path:
        file = tmp_path / "staging.yaml"
        file.write_text(textwrap.dedent(self.FILE), encoding="utf-8")
        return file

    def test_names_what_the_server_calls_otherwise_and_needs_no_secret(self, tmp_path: Path, target: Path) -> None:
        said = (("receive", GREETING), ("send", {"type": "heartbeat"}), ("receive", {"type": "heartbeat_ack"}))
        result = judged(tmp_path, *said, more=("--target", str(target)))
        assert result.exit_code == 0, result.output
        report = json.loads((tmp_path / "out" / "parity.json").read_text())
        assert {one["entry"]: one["used"] for one in report["differences"]} == {"types.Ping": True, "types.Pong": True}
        verdicts = report["features"]
        assert next(one["verdict"] for one in verdicts if one["id"] == "ping_pong") == "OBSERVED"
        assert judged(tmp_path, *said).exit_code == 1

    def test_says_how_long_a_page_may_be(self, tmp_path: Path, target: Path) -> None:
        room, one, two = (f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2, 3))
        shown = {"conversation_id": room, "sender_id": one, "content": "", "attachments": [], "reactions": []}
        messages = [{**shown, "message_id": name, "created_at": "2026-02-22T20:49:32Z"} for name in (one, two)]
        said = (
            ("receive", GREETING),
            ("send", {"type": "FetchHistory", "conversation_id": room}),
            ("receive", {"type": "HistoryChunk", "conversation_id": room, "messages": messages, "has_more": False}),
        )
        result = judged(tmp_path, *said, more=("--target", str(target)))
        assert "HistoryChunk has 2 messages, and the profile allows 1" in result.output
        assert judged(tmp_path, *said).exit_code == 0
