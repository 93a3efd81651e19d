"""The reference server as a process of its own, on a database that the tests can reach, too."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from conformance.target.embedded import LIMITS, TIMERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROFILE = f"limits: {json.dumps(LIMITS)}\ntimers: {json.dumps(TIMERS)}\n"
"""What a target file declares of it."""


@asynccontextmanager
async def reference_server(database: str, secret: str, instances: int = 1) -> AsyncIterator[list[str]]:
    """Start it with the short timers of the embedded one, and give its WebSocket URLs."""
    options = [f"--{name.replace('_', '-')}={seconds}" for name, seconds in TIMERS.items()]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reference_server", "--exit-on-stdin-eof", "--database", database),
        *options,
        f"--request-limit={LIMITS['requests_per_window']}",
        *["--port=0"] * instances,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "JWT_SECRET": secret},
    )
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())["instances"]
    finally:
        process.terminate()
        await process.wait()
