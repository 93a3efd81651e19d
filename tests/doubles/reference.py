"""The reference server as a process of its own, on a database that the tests can reach, too."""

from __future__ import annotations

import json
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from conformance.target.embedded import LIMITS, TIMERS
from reference_server.__main__ import main
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROFILE = f"limits: {json.dumps(LIMITS)}\ntimers: {json.dumps(TIMERS)}\n"
"""What a target file declares of it."""


@asynccontextmanager
async def reference_server(database: str, secret: str, instances: int = 1) -> AsyncIterator[list[str]]:
    """Start it with the short timers of the embedded one, and give its WebSocket URLs."""
    options = [f"--{name.replace('_', '-')}={seconds}" for name, seconds in TIMERS.items()]
    arguments = ["--exit-on-stdin-eof", "--database", database, *options]
    arguments += [f"--request-limit={LIMITS['requests_per_window']}", *["--port=0"] * instances]
    with tempfile.NamedTemporaryFile() as log:
        process = await forked(main)(arguments, {"JWT_SECRET": secret}, log)
        assert process.stdout is not None
        try:
            yield json.loads(await process.stdout.readline())["instances"]
        finally:
            process.terminate()
            await process.wait()
