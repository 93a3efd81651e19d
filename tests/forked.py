"""Servers that are forked from a process which has everything loaded: real processes and sockets without the start.

Python's forkserver reads the server and all that changes it once; each server is its child, so nothing that is changed
in it has ever to be changed back.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

    from conformance.target.embedded import Launch

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.preloaded"])


class Forked:
    """A server's process, as asyncio's own would be."""

    def __init__(self, process: ForkServerProcess, stdin: Connection, stdout: asyncio.StreamReader) -> None:
        self._process = process
        self._stdin = stdin
        self._ended = asyncio.Event()
        self.stdout = stdout
        asyncio.get_running_loop().add_reader(process.sentinel, self._note_end)

    @property
    def returncode(self) -> int | None:
        """Give its exit code; None while it runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        """Wait for its end, and let go of what belongs to it."""
        await self._ended.wait()
        self._process.join()
        self._stdin.close()
        return self._process.exitcode or 0

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()


def forked(main: Callable[[Sequence[str]], int], *first: str) -> Launch:
    """Give a launch of a server: `main`, a module's own function, with `first` and the server's arguments."""

    async def launch(arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> Forked:
        stdin, our_end = _context.Pipe(duplex=False)
        our_output, stdout = _context.Pipe(duplex=False)
        work = (main, [*first, *arguments], dict(environment), stdin, stdout, log.name)
        process = _context.Process(target=_run, args=work, daemon=True)
        process.start()
        stdin.close()
        stdout.close()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(os.dup(our_output.fileno()), "rb")
        our_output.close()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        return Forked(process, our_end, reader)

    return launch


def _run(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    stdin: Connection,
    stdout: Connection,
    log: str,
) -> None:
    """Become the server."""
    os.setsid()  # Ctrl-C ends the run, and the run ends the server.
    os.environ.update(environment)
    os.dup2(stdin.fileno(), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
    stdin.close()
    stdout.close()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- multiprocessing has put /dev/null there
    raise SystemExit(main(arguments))
