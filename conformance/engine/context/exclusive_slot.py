"""Lets one scenario at a time act alone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class ExclusiveSlot:
    """Lets one scenario at a time act alone; a scenario that waits for a timer gives the slot to another one."""

    def __init__(self) -> None:
        self._door = asyncio.Lock()
        self._taken = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Act alone; scenarios that return from a timer go before all but one of those that have not begun."""
        async with self._door:
            await self._taken.acquire()
        try:
            yield
        finally:
            self._taken.release()

    @contextlib.asynccontextmanager
    async def leave(self) -> AsyncIterator[None]:
        """Release the slot for as long as the body lasts, then wait for the next turn."""
        self._taken.release()
        try:
            yield
        finally:
            await self._taken.acquire()
