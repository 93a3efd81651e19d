"""Servers that are forked from a process which has everything loaded: real processes and sockets without the start.

Python's forkserver reads the server and all that changes it once; each server is its child, so nothing that is changed
in it has ever to be changed back.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

    from conformance.target.embedded import Launch

ROOT = Path(__file__).parents[1]
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


class ForkedPopen:
    """A server's process with three pipes, with as much of `subprocess.Popen` as the tests need."""

    def __init__(
        self, main: Callable[[Sequence[str]], int], arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        stdin, our_input = _context.Pipe(duplex=False)
        our_output, stdout = _context.Pipe(duplex=False)
        our_errors, stderr = _context.Pipe(duplex=False)
        work = (main, list(arguments), dict(environment), stdin, stdout, stderr)
        self._process = _context.Process(target=_run_with_pipes, args=work, daemon=True)
        self._process.start()
        for theirs in (stdin, stdout, stderr):
            theirs.close()
        self.stdin, self.stdout, self.stderr = _file(our_input, "wb"), _file(our_output, "rb"), _file(our_errors, "rb")

    @property
    def returncode(self) -> int | None:
        """Give its exit code; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    @property
    def pid(self) -> int:
        """Give its number."""
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Close its standard input, and give what it still writes until its end."""
        self.stdin.close()
        with ThreadPoolExecutor() as readers:
            output, errors = readers.map(_rest, (self.stdout, self.stderr))
        self._process.join(timeout)
        assert self.returncode is not None
        return output, errors


def _file(pipe: Connection, mode: str) -> IO[bytes]:
    with pipe:
        return os.fdopen(os.dup(pipe.fileno()), mode)


def _rest(stream: IO[bytes]) -> bytes:
    if stream.closed:
        return b""
    with stream:
        return stream.read()


def _run_with_pipes(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    stdin: Connection,
    stdout: Connection,
    stderr: Connection,
) -> None:
    """Become the server, in the folder and with nothing but the environment of a process that was started."""
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    errors = os.dup(stderr.fileno())
    stderr.close()
    _become(main, arguments, stdin, stdout, errors)


def _run(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    stdin: Connection,
    stdout: Connection,
    log: str,
) -> None:
    """Become the server."""
    os.environ.update(environment)
    _become(main, arguments, stdin, stdout, os.open(log, os.O_WRONLY | os.O_APPEND))


def _become(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    stdin: Connection,
    stdout: Connection,
    stderr: int,
) -> None:
    os.setsid()  # Ctrl-C ends the run, and the run ends the server.
    os.dup2(stdin.fileno(), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr, 2)
    os.close(stderr)
    stdin.close()
    stdout.close()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- multiprocessing has put /dev/null there
    raise SystemExit(main(arguments))
