from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

FAULTS = ("anybody_edits", "pong_twice")
pytestmark = pytest.mark.end_to_end

PATIENT = """
import asyncio, sys
from tests.faults import __main__ as command
from tests.faults.examine import _opened

async def for_ever(fault, spec, mode):
    async with _opened(fault, spec) as (target, _):
        print(*target.instances, flush=True)
        await asyncio.Event().wait()

command.examine = for_ever
sys.exit(command.main(sys.argv[1:]))
"""
"""The command that runs the suite against faulty servers, but it never ends."""


@pytest.mark.parametrize(
    "way", [*(pytest.param(way, marks=pytest.mark.nightly) for way in ("SIGTERM", "Ctrl-C")), "SIGKILL"]
)
def test_whatever_ends_the_command_ends_its_workers_and_their_servers(tmp_path: Path, way: str):
    with subprocess.Popen(
        [sys.executable, "-c", PATIENT, *FAULTS, "--jobs", str(len(FAULTS) + 1)],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            urls = [url for _ in FAULTS for url in process.stdout.readline().split()]
            if way == "Ctrl-C":
                os.killpg(process.pid, signal.SIGINT)
            else:
                process.send_signal(signal.Signals[way])
            said = process.stdout.read()  # which ends with the last process that could write there
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert len(urls) == 2 * len(FAULTS)
    assert [url for url in urls if accepts(url)] == []
    assert [one.name for one in tmp_path.glob("chat-parity-*")] == []
    ended = (-signal.SIGKILL, "") if way == "SIGKILL" else (3, "interrupted: no report is written\n")
    assert (process.returncode, said) == ended


def accepts(url: str) -> bool:
    """Tell whether anybody listens there."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    with socket.socket() as client:
        return client.connect_ex((address.hostname, address.port)) == 0
