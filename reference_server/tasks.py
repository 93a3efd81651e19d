"""Ends background tasks."""

from __future__ import annotations

import asyncio

AGAIN_S = 0.1


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait for its end; again, should a library in it have swallowed the cancellation."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
