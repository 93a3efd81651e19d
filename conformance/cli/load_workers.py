"""Starts the workers of a load as processes of this machine, and stops them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.files.documents import read_yaml

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from conformance.spec import Spec
    from conformance.target import Target

LAST_LINES = 600
"""Characters of a worker's output that an error shows."""
ENDING = 5.0
"""Seconds that a worker has to end once it should."""


class Workers:
    """Processes of one load, which `start` starts as soon as their master listens."""

    def __init__(self, count: int, words: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._count = count
        self._words = words
        self._environment = environment
        self._folder = folder
        self._starting: asyncio.Task[None] | None = None
        self._processes: list[asyncio.subprocess.Process] = []

    def start(self, port: int) -> None:
        """Start them for the master at this port of this machine."""
        self._starting = asyncio.create_task(self._start(port))

    def gone(self) -> str:
        """Say why one of them has ended before its time; empty: none has. From any thread."""
        for number, process in enumerate(self._processes):
            if process.returncode is not None:
                said = self._log(number).read_text(encoding="utf-8", errors="replace").strip()
                said = f": {said[-LAST_LINES:]}" if said else ""
                return f"a worker {_ending(process.returncode)}{said}"
        return ""

    async def stop(self) -> None:
        """Wait for them to end, and end those that do not."""
        if self._starting is not None:
            await asyncio.wait({self._starting})
        for process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), ENDING)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _start(self, port: int) -> None:
        for number in range(self._count):
            with self._log(number).open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "conformance",
                    "load",
                    *self._words,
                    "--worker",
                    f"127.0.0.1:{port}",
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **self._environment},
                    start_new_session=True,  # Ctrl-C ends the load, and the load ends its workers.
                )
            self._processes.append(process)

    def _log(self, number: int) -> Path:
        return self._folder / f"worker-{number}.log"


@contextlib.asynccontextmanager
async def workers_on(
    target: Target, place: str | None, spec: Spec, count: int, words: Sequence[str]
) -> AsyncIterator[Workers]:
    """Give workers for a target, which `place` names on the command line (None: the reference server, started here)."""
    folder = Path(tempfile.mkdtemp(prefix="chat-parity-load-"))
    root = str(Path(__file__).parents[2])  # Python finds the workers' code as it finds this.
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
    if place is None:
        assert target.auth.signing is not None
        file = folder / "target.yaml"
        value = read_yaml(spec.folder / "targets" / "reference.yaml").value
        limits = {name: "none" if limit is None else limit for name, limit in target.profile["limits"].items()}
        changed = {"instances": target.instances, "limits": limits, "timers": target.profile["timers"]}
        file.write_text(json.dumps({**value, **changed}), encoding="utf-8")
        place, environment = str(file), {**environment, value["auth"]["jwt"]["secret_env"]: target.auth.signing.secret}
    workers = Workers(count, [place, *words], environment, folder)
    try:
        yield workers
    finally:
        await workers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _ending(code: int) -> str:
    """Say how a process has ended, by its return code."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
