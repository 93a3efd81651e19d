"""The verb as a process of its own: what it passes on, what it says, and that nothing stays behind when it ends."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import jwt
import pytest
from click.testing import CliRunner
from websockets.sync.client import connect

from conformance.cli import serve as module
from conformance.errors import BadFile, UsageError
from conformance.spec import find
from reference_server.options import parser

if TYPE_CHECKING:
    from pathlib import Path

ROOT = find().parent
SECRET = "a secret that is long enough for any HMAC that signs tokens here"


class Served:
    """`chat-parity serve` on free ports, with a database of its own."""

    def __init__(self, folder: Path, *options: str, secret: str | None = None) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "JWT_SECRET"}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "conformance.cli",
                "serve",
                "--database",
                f"sqlite:///{folder / 'chat.db'}",
                *options,
            ],
            cwd=ROOT,
            env=environment | ({"JWT_SECRET": secret} if secret else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> list[str]:
        """Wait until the server listens; its URLs."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())["instances"]

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; the exit code, and what was said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=100)
        return self.process.returncode, said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=100)


def listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def is_gone(url: str) -> bool:
    deadline = time.monotonic() + 20
    while listens(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_leaves_no_server_behind_when_it_is_killed(tmp_path: Path) -> None:
    with Served(tmp_path, "--port", "0", secret=SECRET) as served:
        (url,) = served.ready()
        served.process.kill()
        assert is_gone(url)


def test_makes_a_secret_and_says_so_where_there_is_none(tmp_path: Path) -> None:
    with Served(tmp_path, "--port", "0") as served:
        served.ready()
        code, said = served.end(signal.SIGTERM)
    assert code == 0
    assert "No secret was given" in said
    assert "JWT_SECRET=" in said


def test_makes_no_secret_for_an_earlier_server_which_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JWT_SECRET", raising=False)
    given: list[str] = []
    monkeypatch.setattr(module, "_run", lambda _, secret: given.append(secret) or 0)
    for earlier in (["--as", "rust-2025"], ["--as=go-2025"]):
        assert CliRunner().invoke(module.serve, earlier).output == ""
    assert given == ["", ""]


def test_signs_the_tokens_of_the_demonstration_so_that_they_survive_a_restart(tmp_path: Path) -> None:
    with Served(tmp_path, "--port", "0", "--demo") as served:
        served.ready()
        code, said = served.end(signal.SIGTERM)
    assert (code, "No secret was given" in said) == (0, False)
    address, token = next(line for line in said.splitlines() if "?token=" in line).strip(" '").split("?token=")
    with Served(tmp_path, "--port", str(urlsplit(address.split("'")[1]).port), "--demo") as served:
        (url,) = served.ready()
        with connect(f"{url}?token={token}", proxy=None) as socket:
            assert json.loads(socket.recv(60))["action"] == "connected"


def test_lists_the_options_of_the_server_in_its_help() -> None:
    shown = CliRunner().invoke(module.serve, ["--help"]).output
    for action in parser()._actions:
        if action.dest != "help" and action.help != argparse.SUPPRESS:
            assert action.option_strings[0] in shown
    assert "SECONDS" in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_passes_on_what_it_does_not_know_and_ends_cleanly_with_its_server(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Served(tmp_path, "--port", "0", "--port", "0", "--typing-expiry", "0.5", "--jwt-secret", SECRET) as served:
        urls = served.ready()
        assert [listens(url) for url in urls] == [True, True]
        assert served.end(number) == (0, "")
        assert [listens(url) for url in urls] == [False, False]


def test_ends_with_the_exit_code_of_the_server(tmp_path: Path) -> None:
    with Served(tmp_path, "--port", "0", "--no-such-option") as served:
        assert served.process.wait(100) == 2


DIALECT = f"{ROOT}/tests/doubles/dialect_server/target.yaml"


def test_speaks_the_dialect_of_a_target_file_and_says_so(tmp_path: Path) -> None:
    with Served(tmp_path, "--port", "0", "--dialect", DIALECT, secret=SECRET) as served:
        (url,) = served.ready()
        claims = {"sub": 7, "exp": int(time.time()) + 60}
        with connect(f"{url}?token={jwt.encode(claims, SECRET)}", proxy=None) as socket:
            greeting = {"event": "ok", "data": {"done": "welcome", "success": True}, "v": 3}
            assert json.loads(socket.recv(60)) == greeting
        code, said = served.end(signal.SIGTERM)
    assert code == 0
    assert "This server speaks the dialect of target.yaml on request." in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((DIALECT, "--as", "go-2025"), "--as is another server, which speaks no --dialect"),
        ((DIALECT, "--as=go-2025"), "--as is another server, which speaks no --dialect"),
        ((f"{ROOT}/spec/targets/reference.yaml",), "it has no `dialect:`, so there is nothing to speak"),
    ],
)
def test_refuses_a_dialect_that_cannot_be_spoken(options: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(module.serve, ["--dialect", *options])
    assert isinstance(result.exception, BadFile | UsageError)
    assert said in str(result.exception)


def test_kills_a_server_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GENTLE_S", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        assert module._end(server) == -signal.SIGKILL
