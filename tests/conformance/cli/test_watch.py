"""The command between a real client and a server, as a process, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from websockets.asyncio.client import connect

from conformance.cli.main import chat_parity
from conformance.errors import TargetUnreachable, UsageError
from conformance.files.folder_lock import exclusive
from tests.doubles.fan_out import ChatServer
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMDAwMDAwMi0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDAifQ.c2lnbmF0dXJl"


async def watched(folder: Path, spec_folder: Path, *wrong: str) -> tuple[int, str]:
    """Watch one client that sends a message to itself; gives the exit code and the output."""
    words = (
        "watch",
        "--listen",
        "127.0.0.1:0",
        "--out",
        str(folder / "out"),
        "--record",
        str(folder / "traffic.jsonl"),
        "--spec",
        str(spec_folder),
    )
    async with ChatServer("in order", *wrong).serving() as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "conformance.cli", *words, "--upstream", server.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        first = (await process.stdout.readline()).decode()
        url = first.split()[3].rstrip(",")
        lobby = "00000001-0000-4000-8000-000000000000"
        async with connect(f"{url}/?token={TOKEN}") as client:
            await client.recv()
            for frame in (
                {"type": "JoinConversation", "conversation_id": lobby},
                {"type": "SendMessage", "conversation_id": lobby, "content": "a private word"},
                {"type": "Ping"},
            ):
                await client.send(json.dumps(frame))
            while json.loads(await client.recv())["type"] != "Pong":
                pass
        process.send_signal(signal.SIGINT)
        rest = (await process.stdout.read()).decode()
        return await process.wait(), first + rest


def judge_again(folder: Path, spec_folder: Path) -> int:
    words = ["judge", str(folder / "traffic.jsonl"), "--out", str(folder / "judged"), "--spec", str(spec_folder)]
    return CliRunner().invoke(chat_parity, words).exit_code


class TestACommandThatWatches:
    async def test_writes_reports_and_a_recording_at_ctrl_c(self, tmp_path: Path, spec_folder: Path) -> None:
        code, output = await watched(tmp_path, spec_folder)
        assert code == 0, output
        assert "client-1 connected as 00000002-0000-4000-8000-000000000000" in output
        assert "OBSERVED" in output
        assert judge_again(tmp_path, spec_folder) == 0
        kept = "".join(file.read_text() for file in [*(tmp_path / "out").iterdir(), tmp_path / "traffic.jsonl"])
        assert "private word" not in kept
        assert TOKEN[-12:] not in kept + output

    async def test_ends_with_1_when_a_must_rule_is_broken(self, tmp_path: Path, spec_folder: Path) -> None:
        code, output = await watched(tmp_path, spec_folder, "echo twice")
        assert code == 1, output
        assert "FAIL  SEND-2  client-1: NewMessage with message_id" in output
        assert judge_again(tmp_path, spec_folder) == 1


@pytest.mark.parametrize("listen", ["0.0.0.0:9000", "192.0.2.1:9000", "[::]:9000", "chat.example:9000"])
def test_an_address_that_others_reach_needs_a_word(listen: str) -> None:
    result = CliRunner().invoke(chat_parity, ["watch", "--listen", listen, "--upstream", "ws://127.0.0.1:1"])
    assert result.exit_code == 2
    assert "other machines can reach" in result.output


@pytest.mark.parametrize("listen", ["127.0.0.1", "9000", "127.0.0.1:port", "127.0.0.1:9000/ws"])
def test_an_address_has_a_host_and_a_port(listen: str) -> None:
    result = CliRunner().invoke(chat_parity, ["watch", "--listen", listen, "--upstream", "ws://127.0.0.1:1"])
    assert result.exit_code == 2
    assert "--listen takes HOST:PORT" in result.output


def test_an_upstream_that_is_gone_ends_with_3_and_one_line(spec_folder: Path) -> None:
    words = [
        "watch",
        "--spec",
        str(spec_folder),
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        "ws://127.0.0.1:1/?token=secret",
    ]
    result = CliRunner().invoke(chat_parity, words)
    assert isinstance(result.exception, TargetUnreachable)
    assert result.exception.exit_code == 3
    assert str(result.exception).endswith("cannot be reached: nobody listens there")
    assert "secret" not in str(result.exception)


def test_a_path_that_comes_from_the_environment_is_not_shown(
    tmp_path: Path, spec_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PATH", "correct-horse")
    file = tmp_path / "toy.yaml"
    file.write_text(
        "name: toy\ninstances: ['ws://127.0.0.1:1/${env.CHAT_PATH}']\nprovision: {driver: jwt}\n"
        "auth: {query_param: token, jwt: {secret_env: NOBODY_HAS_SET_THIS}}\n"
    )
    words = ["watch", "--spec", str(spec_folder), "--target", str(file), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(chat_parity, words)
    assert isinstance(result.exception, TargetUnreachable)
    assert "ws://127.0.0.1:1/«redacted» cannot be reached" in str(result.exception)


async def test_an_address_in_use_is_a_mistake_of_the_usage(spec_folder: Path) -> None:
    async with listening(lambda _: asyncio.sleep(0)) as url:
        words = [
            "watch",
            "--spec",
            str(spec_folder),
            "--listen",
            url.removeprefix("ws://").removesuffix("/ws"),
            "--upstream",
            url,
        ]
        result = await asyncio.to_thread(CliRunner().invoke, chat_parity, words)
    assert isinstance(result.exception, UsageError)
    assert "cannot listen on 127.0.0.1" in str(result.exception)


def test_a_variable_of_the_headers_must_be_set(tmp_path: Path) -> None:
    file = tmp_path / "staging.yaml"
    file.write_text(
        "name: staging\ninstances: ['ws://127.0.0.1:1/ws']\nheaders: {X-Api-Key: '${env.NOWHERE_SET}'}\n"
        "auth: {query_param: token, jwt: {secret_env: JWT_SECRET, claims: {sub: '${user_id}'}}}\n"
        "provision: {driver: reference}\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(chat_parity, ["watch", "--target", str(file)])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"{file}: `headers` needs the environment variable NOWHERE_SET"


def test_a_server_must_be_named(spec_folder: Path) -> None:
    result = CliRunner().invoke(chat_parity, ["watch", "--spec", str(spec_folder)])
    assert result.exit_code == 2
    assert "Name the server with --upstream" in result.output


async def test_a_folder_that_is_in_use_is_refused_before_anybody_connects(tmp_path: Path, spec_folder: Path) -> None:
    words = ["watch", "--spec", str(spec_folder), "--listen", "127.0.0.1:0", "--upstream", "ws://127.0.0.1:1"]
    record = tmp_path / "traffic.jsonl"
    record.write_text("what the other one has seen\n", encoding="utf-8")
    with exclusive(tmp_path):
        result = CliRunner().invoke(chat_parity, [*words, "--out", str(tmp_path), "--record", str(record)])
    assert "is in use by another run" in str(result.exception)
    assert record.read_text(encoding="utf-8") == "what the other one has seen\n"
