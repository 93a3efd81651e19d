from __future__ import annotations

import argparse
import asyncio
import errno
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from reference_server import __main__ as command
from reference_server.config import ConfigError
from reference_server.options import parse, parser, settings_from
from tests.forked import ForkedPopen
from tests.reference_server import raw
from tests.reference_server.support import ROOT, Chat, Client, Command, open_socket

if TYPE_CHECKING:
    from pathlib import Path


def ordinary(folder: Path) -> list[str]:
    """Give arguments that it starts with."""
    return ["--jwt-secret", "x" * 32, "--database", f"sqlite:///{folder}/chat.db"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, forked from a process that has imported it."""
    process = ForkedPopen(command.main, arguments, {})
    output, errors = process.communicate(timeout=100)
    assert process.returncode is not None
    return subprocess.CompletedProcess(arguments, process.returncode, output.decode(), errors.decode())


def run_with(stdin: IO[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end with a standard input, which takes a second of imports."""
    return subprocess.run(
        [sys.executable, "-m", "reference_server", *arguments],
        cwd=ROOT,
        env={},
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


class TestStart:
    def test_is_refused_without_a_secret_of_32_bytes(self):
        ended = run("--jwt-secret", "x" * 31, "--port", "0")
        assert ended.returncode == 2
        assert "at least 32 bytes" in ended.stderr
        assert "Traceback" not in ended.stderr

    def test_is_refused_with_a_database_that_cannot_be_opened(self, tmp_path: Path):
        ended = run("--jwt-secret", "x" * 32, "--port", "0", "--database", f"sqlite:///{tmp_path}/nowhere/chat.db")
        assert (ended.returncode, ended.stdout) == (2, "")
        named = f"The SQLite file {tmp_path}/nowhere/chat.db cannot be used: No such file or directory"
        assert ended.stderr == f"reference_server: {named}\n"

    @pytest.mark.parametrize(
        ("option", "file", "said"),
        [
            ("--seed-data", "", "{}: Is a directory"),
            ("--seed-data", "none.yaml", "{}: No such file or directory"),
            ("--database", "sqlite:///%00.db", "SQLite: the name of a file has no NUL (%00)."),
        ],
    )
    def test_is_refused_in_one_line_with_a_file_that_is_none(self, tmp_path: Path, option: str, file: str, said: str):
        given = file if "://" in file else str(tmp_path / file)
        ended = run("--jwt-secret", "x" * 32, "--port", "0", "--database", f"sqlite:///{tmp_path}/x.db", option, given)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == f"reference_server: {said.format(given)}\n"

    def test_is_refused_with_4_where_the_machine_lacks_something(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        def fail(_: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr("reference_server.command._work", fail)
        monkeypatch.setattr("reference_server.command.logs.configure", lambda _: None)
        assert command.main(["--jwt-secret", "x" * 32]) == 4
        assert capsys.readouterr().err == "reference_server: Too many open files: raise `ulimit -n`\n"

    def test_is_refused_with_one_port_for_two_instances(self, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit):
            parse(["--port", "8001", "--port", "8001"])
        assert "a port of its own" in capsys.readouterr().err
        assert parse(["--port", "0", "--port", "0"]).port == [0, 0]

    def test_is_refused_when_the_demonstration_would_be_open_to_all(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("JWT_SECRET", raising=False)
        options = parser().parse_args(["--demo", "--host", "0.0.0.0"])
        with pytest.raises(ConfigError, match="The secret of --demo is public: set JWT_SECRET"):
            settings_from(options)

    def test_takes_several_origins_that_may_call_the_api(self):
        options = parser().parse_args(
            ["--jwt-secret", "x" * 32, "--cors-origin", "http://a:1", "--cors-origin", "https://b"]
        )
        assert settings_from(options).cors_origins == ("http://a:1", "https://b")

    @pytest.mark.parametrize("port", ["-1", "65536", "http"])
    def test_is_refused_on_what_is_no_port(self, port: str):
        with pytest.raises(SystemExit):
            parser().parse_args(["--port", port])

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("--latncy", "did you mean --latency?"),
            ("--rejct-rate=5%", "did you mean --reject-rate?"),
            ("--for", "--help lists the options"),
        ],
    )
    def test_says_which_option_may_be_meant(self, given: str, said: str, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit):
            parse([given, "1s"])
        assert capsys.readouterr().err.endswith(f"; {said}\n")

    def test_takes_a_negative_value_after_its_option(self):
        assert parse(["--clock-skew", "-5m", "--demo"]).clock_skew == "-5m"

    def test_says_what_every_option_means_and_its_unit_and_default(self):
        for action in parser()._actions:
            if action.help == argparse.SUPPRESS:
                continue
            assert action.help
            assert action.nargs == 0 or "default" in action.help, action.option_strings
            assert action.type is not float or action.metavar == "SECONDS"

    def test_is_refused_on_a_port_that_is_taken(self, server: Command, tmp_path: Path):
        port = str(urlsplit(server.ready["instances"][0]).port)
        ended = run("--port", port, *ordinary(tmp_path))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert f"cannot listen on 127.0.0.1, port {port}: " in ended.stderr
        assert "Traceback" not in ended.stderr

    def test_is_refused_while_another_process_serves_the_database(self, tmp_path: Path):
        with Command(tmp_path / "chat.db"):
            ended = run("--port", "0", *ordinary(tmp_path))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("reference_server: Another process serves this database")

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("postgresql://nobody:hidden@127.0.0.1:1/chat", "Connection refused"),
            ("postgresql://nobody:hidden@/nowhere?host={server}", "nobody"),
        ],
    )
    def test_is_refused_with_a_postgresql_that_does_not_answer(self, postgresql_url: str, url: str, reason: str):
        server = postgresql_url.rpartition("=")[2]
        ended = run("--jwt-secret", "x" * 32, "--port", "0", "--database", url.format(server=server))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert reason in ended.stderr
        assert "Traceback" not in ended.stderr
        assert "hidden" not in ended.stderr

    async def test_is_possible_on_postgresql(self, empty_postgresql: str):
        with Command(empty_postgresql) as command:
            async with command.chat as chat:
                alice = await chat.connect()
                lobby = await chat.conversation(alice)
                said = await alice.say(lobby, "Hello, Ünïcode 👋")
                found = (await alice.ask("SearchMessages", conversation_id=lobby, query="ÜNÏ"))["messages"]
                assert [each["message_id"] for each in found] == [said["message_id"]]

    def test_ends_without_a_traceback_on_ctrl_c(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        async def interrupted(_url: str) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("reference_server.command.migrate", interrupted)
        monkeypatch.setattr("reference_server.logs.configure", lambda _form: None)
        monkeypatch.setattr("sys.setswitchinterval", lambda _seconds: None)
        assert command.main(["--migrate-only", "--database", f"sqlite:///{tmp_path}/chat.db"]) == 130

    def test_says_where_every_instance_listens(self, server: Command):
        assert server.ready["ready"] is True
        assert len(server.ready["instances"]) == len(server.ready["api"]) == 2


class TestMigrateOnly:
    def test_creates_the_tables_and_ends(self, tmp_path: Path):
        ended = run("--migrate-only", "--database", f"sqlite:///{tmp_path}/chat.db")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        with closing(sqlite3.connect(tmp_path / "chat.db")) as database:
            tables = database.execute("SELECT name FROM sqlite_master").fetchall()
        assert {("conversation",), ("alembic_version",)} <= set(tables)

    @pytest.mark.parametrize("other", ["--reset", "--demo", "--seed-data=chat.yaml", "--as=rust-2025"])
    def test_is_refused_with_what_it_would_not_do(self, other: str, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit):
            parse(["--migrate-only", other])
        assert f"leave out {other.partition('=')[0]}, or --migrate-only" in capsys.readouterr().err


class TestEnd:
    @pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, None])
    async def test_is_orderly_and_says_goodbye(self, tmp_path: Path, way: signal.Signals | None):
        with Command(tmp_path / "chat.db", real=way is signal.SIGINT) as command:
            async with command.chat as chat:
                alice = await chat.connect()
                if way is not None:
                    command.process.send_signal(way)
                assert await asyncio.to_thread(command.end) == (0, "")
                assert await alice.closed() == 1012

    def test_is_orderly_as_soon_as_the_server_says_that_it_is_ready(self, tmp_path: Path):
        with Command(tmp_path / "chat.db") as command:
            command.process.send_signal(signal.SIGTERM)
            assert command.end() == (0, "")

    async def test_waits_for_no_client_that_has_stopped_in_the_middle(self, tmp_path: Path):
        unfinished = {
            "connection": b"",
            "head": raw.request()[:-2],
            "body": raw.post(b"{}")[:-1],
            "upgrade": raw.upgrade()[:-2],
            "frame": raw.upgrade() + raw.frame(raw.TEXT, b"{}")[:-1],
            "message": raw.upgrade() + raw.frame(raw.TEXT, b"{", is_last=False),
        }
        with Command(tmp_path / "chat.db") as command:
            address = urlsplit(command.ready["api"][0])
            async with command.chat as chat:
                clients = ExitStack()
                for data in unfinished.values():
                    client = clients.enter_context(socket.create_connection((address.hostname, address.port)))
                    client.sendall(data)
                assert (await chat.call("GET", "/health/live")).status_code == 200
                with clients:
                    command.process.terminate()
                    assert await asyncio.to_thread(command.end) == (0, "")

    @pytest.mark.parametrize("file", ["/dev/null", "pyproject.toml"])
    def test_comes_at_once_where_nobody_holds_its_input(self, tmp_path: Path, file: str):
        with (ROOT / file).open() as stdin:
            ended = run_with(stdin, "--exit-on-stdin-eof", "--port", "0", *ordinary(tmp_path))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert json.loads(ended.stdout)["ready"] is True

    async def test_by_kill_loses_nothing_that_was_confirmed(self, tmp_path: Path):
        with Command(tmp_path / "chat.db") as command:
            async with command.chat as chat:
                alice = await chat.connect()
                lobby = await chat.conversation(alice)
                sent = [await alice.say(lobby, str(number)) for number in range(10)]
                for number in range(10):
                    await alice.send("SendMessage", conversation_id=lobby, content=f"unconfirmed {number}")
                command.process.kill()
                command.end()
            port = urlsplit(command.ready["instances"][0]).port
        assert port is not None
        with Command(tmp_path / "chat.db", ports=(port,)) as command:
            async with command.chat as chat:
                alice = await chat.connect(alice.user_id)
                chunk = await alice.ask("SyncMessages", conversation_id=lobby, since="2000-01-01T00:00:00Z")
        found = [message["message_id"] for message in chunk["messages"]]
        assert found[:10] == [message["message_id"] for message in sent]


class TestLog:
    async def test_never_holds_a_token(self, tmp_path: Path):
        with Command(tmp_path / "chat.db") as command:
            async with command.chat as chat:
                alice = await chat.connect()
                await alice.socket.send("x" * 100_000)
                assert await alice.closed() == 1009
                url = chat.instances[0].replace("ws://", "http://")
                assert (await chat.http.get(url, params={"token": "secret-token"})).status_code == 404
            _, log = command.end()
        assert "token" not in log

    async def test_has_one_line_for_handshakes_that_are_refused(self, tmp_path: Path):
        with Command(tmp_path / "chat.db") as command:
            for _ in range(5):
                with pytest.raises(InvalidStatus):
                    await open_socket(command.ready["instances"][0], "nonsense")
            _, log = command.end()
        [line] = log.splitlines()
        assert line.endswith("A handshake was refused: 401 The token is not valid.")


class TestDemo:
    async def test_prints_lines_that_work(self, tmp_path: Path):
        with Command(tmp_path / "chat.db", "--demo") as command:
            assert command.process.stderr is not None
            lines = []
            while not lines or "Ping" not in lines[-1]:
                lines.append(command.process.stderr.readline().decode().strip())
            urls = [line.split("'")[1] for line in lines if "ws://" in line]
            requests = [line for line in lines if line.startswith("{")]
            assert len(urls) == 3
            url, token = urls[0].split("?token=")
            socket = await open_socket(url, token)
            alice = Client(socket, uuid4())
            await alice.frame()
            for request in requests:
                assert (await alice.ask_raw(request))["type"] != "Error"
            await socket.close()
            assert json.loads(requests[-1]) == {"type": "Ping"}


async def test_order_is_the_same_everywhere(chat: Chat, alice: Client, bob: Client, carol: Client):
    """Messages of several writers arrive at every connection of every instance as history has them."""
    lobby = await chat.conversation(alice, bob, carol)
    for number in range(20):
        for client in (alice, bob):
            await client.send("SendMessage", conversation_id=lobby, content=str(number))
    for client in (alice, bob):
        for _ in range(20):
            assert (await client.reply())["action"] == "message_sent"
    history = (await carol.ask("FetchHistory", conversation_id=lobby))["messages"]
    order = [message["message_id"] for message in reversed(history)]
    for client in (alice, bob, carol):
        assert [event["message_id"] for event in await client.events()] == order
