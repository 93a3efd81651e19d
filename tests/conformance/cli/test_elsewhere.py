"""On a system without what POSIX has beyond Windows, every verb is there, and the server starts and ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import _VERBS
from conformance.spec import find

if TYPE_CHECKING:
    from pathlib import Path

ROOT = find().parent
COMMAND = (sys.executable, "-m", "tests.conformance.cli.elsewhere")
SECRET = "a secret that is long enough for any HMAC that signs tokens here"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


def test_every_verb_can_be_loaded() -> None:
    every = "; ".join(f"import conformance.cli.{'listing' if verb == 'list' else verb}" for verb in _VERBS)
    code = f"from tests.conformance.cli.elsewhere import take_away; take_away(); {every}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def start(folder: Path) -> subprocess.Popen[str]:
    options = ("--port", "0", "--database", f"sqlite:///{folder}/chat.db", "--jwt-secret", SECRET)
    return subprocess.Popen(
        [*COMMAND, "SERVER", "--exit-on-stdin-eof", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("ends", [pytest.param("by the end of stdin", marks=pytest.mark.nightly), "by Ctrl-C"])
def test_the_server_starts_and_ends(ends: str, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert server.stdout is not None
        assert json.loads(server.stdout.readline())["ready"]
        if ends == "by Ctrl-C":
            server.send_signal(signal.SIGINT)
        _, log = server.communicate(timeout=100)
        assert (server.returncode, log) == (0, "")


@pytest.mark.end_to_end
def test_a_run_and_its_report_end_as_they_should(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    ran = run("run", "ping-pong.one-pong-per-ping", "--no-probes", "--out", out)
    assert (ran.returncode, "1 PASS" in ran.stdout) == (0, True), ran.stderr
    shown = run("report", out)
    assert (shown.returncode, "1 PASS" in shown.stdout) == (0, True), shown.stderr
    assert not (tmp_path / "out" / ".chat-parity.lock").exists()
    assert run("lint", "spec/targets/reference.yaml").returncode == 0
