"""Waits until something holds of a connection, and looks again at every change; our own lateness is not counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.wire.lateness import Lateness


class Changes:
    """Wakes everybody who waits for a change of one connection."""

    def __init__(self, lateness: Lateness) -> None:
        self._lateness = lateness
        self._waiters: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Say that something has changed."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], bool], timeout: float, over: Callable[[], bool]) -> bool:
        """Wait until the condition holds; False: it does not in time, or does not and nothing can change any more.

        A wait lasts longer by as much as this process was late itself.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not condition():
            left = deadline - loop.time()
            if over() or left <= 0:
                return condition()
            # Where our own event loop comes back late, the server has not had that time, as far as we can see.
            deadline += await self._lateness.measure(self._change, left)
        return True

    async def _change(self, timeout: float) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout)
        finally:
            self._waiters.discard(waiter)
            waiter.cancel()
