"""Lets conversations run at the same time, or one alone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turns:
    """Whoever wants to run alone waits for those that run, and those that come meanwhile wait for it."""

    def __init__(self) -> None:
        self._door = asyncio.Lock()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextlib.asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Run beside others."""
        async with self._door:
            self._running += 1
            self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Run with nobody else."""
        async with self._door:
            await self._idle.wait()
            yield
