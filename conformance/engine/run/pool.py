"""Runs a list of coroutine functions, a limited number at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def pool(work: list[Callable[[], Awaitable[None]]], jobs: int) -> None:
    """Run all functions, at most `jobs` at a time, and start them in the order of the list; raises what one raises."""
    waiting = iter(work)

    async def worker() -> None:
        for one in waiting:
            await one()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(jobs, len(work))):
                group.create_task(worker())
    except BaseExceptionGroup as raised:
        raise raised.exceptions[0] from None
