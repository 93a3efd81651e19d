"""Starts the reference server for a run without a target: own process, two instances, short timers, own folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from conformance.errors import MachineFailed, TargetUnreachable
from conformance.files.open_files import demand
from conformance.target import read_target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.spec import Spec
    from conformance.target import Target

TIMERS = {"rate_window": 2.0, "typing_expiry": 3.0, "token_leeway": 1.0}
"""Seconds. The server gets them as options, and its profile declares them."""
LIMITS = {"requests_per_window": 100}
"""Low enough to be reached within a window on a slow machine. The server gets them, and its profile declares them."""
START_TIMEOUT = 30.0
INSTANCES = 2
LEAST_FILES = 128
"""What the server and a run with the default `--jobs` have open at the same time; a server with fewer hangs up."""


class Process(Protocol):
    """A server's process; we read its standard output, and it ends when its standard input ends."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """What the server prints."""
        ...

    @property
    def returncode(self) -> int | None:
        """Its exit code; None while it runs."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM."""
        ...

    def kill(self) -> None:
        """Send SIGKILL."""
        ...

    async def wait(self) -> int:
        """Wait until it has ended."""
        ...


async def launch(arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> Process:
    """Start the reference server, or any program that takes the same arguments."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reference_server",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        env={**_environment(), "REDIS_URL": "", **environment},  # one process of its own, whatever else runs here
        start_new_session=True,  # Ctrl-C ends the run, and the run ends the server.
    )


Launch = Callable[[Sequence[str], Mapping[str, str], IO[bytes]], Awaitable[Process]]


class Embedded:
    """A running reference server that can be killed and started again on the same ports and database."""

    def __init__(self, folder: Path, secret: str, launch: Launch = launch) -> None:
        self._folder = folder
        self._launch = launch
        self.secret = secret
        self._process: Process | None = None
        self.ports = ["0"] * INSTANCES
        self.instances: tuple[str, ...] = ()

    async def start(self) -> None:
        """Start the server and wait until it listens; raises TargetUnreachable with the end of its log."""
        database = f"sqlite:///{self._folder / 'chat.db'}?synchronous=normal"  # it does not outlive the run
        arguments = ["--exit-on-stdin-eof", "--database", database]
        for port in self.ports:
            arguments += ["--port", port]
        for name, seconds in TIMERS.items():
            arguments += [f"--{name.replace('_', '-')}", str(seconds)]
        arguments += ["--request-limit", str(LIMITS["requests_per_window"])]
        with (self._folder / "server.log").open("ab") as log:
            self._process = await self._launch(arguments, {"JWT_SECRET": self.secret}, log)
        try:
            assert self._process.stdout is not None
            line = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT)
            self.instances = tuple(json.loads(line)["instances"])
        except (TimeoutError, ValueError, KeyError) as error:
            await self.stop()
            log_end = (self._folder / "server.log").read_text(errors="replace")[-2000:].rstrip()
            late = f" within {START_TIMEOUT:g} s" if isinstance(error, TimeoutError) else ""
            said = f":\n{log_end}" if log_end else "; it said nothing"
            kind = MachineFailed if self._process.returncode == MachineFailed.exit_code else TargetUnreachable
            raise kind(f"the reference server did not start{late}{said}") from None
        self.ports = [url.rpartition(":")[2].partition("/")[0] for url in self.instances]

    async def stop(self) -> None:
        """Stop the server: SIGTERM first, then SIGKILL."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5.0)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def restart(self) -> None:
        """Kill the server as a crash would (SIGKILL), and start it again."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self.start()


@contextlib.asynccontextmanager
async def embedded(spec: Spec, launch: Launch = launch) -> AsyncIterator[tuple[Target, Embedded]]:
    """Run the reference server for as long as the context lasts, and give it as a target."""
    demand(LEAST_FILES, "a reference server, with those who connect to it,")
    folder = Path(tempfile.mkdtemp(prefix="chat-parity-"))
    server = Embedded(folder, secrets.token_urlsafe(48), launch)
    try:
        await server.start()
        target = read_target(
            spec.folder / "targets" / "reference.yaml", spec, instances=server.instances, secret=server.secret
        )
        profile = {
            **target.profile,
            "timers": {**target.profile["timers"], **TIMERS},
            "limits": {**target.profile["limits"], **LIMITS},
        }
        yield replace(target, profile=profile, file=None), server
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    # Python finds the server as it finds this package: installed beside it, or in the checkout that contains both.
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
