"""Waits for a condition on a connection, and checks it at every change; our own delay does not count."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.wire.lateness import Lateness


class Changes:
    """Wakes every task that waits for a change of one connection."""

    def __init__(self, lateness: Lateness) -> None:
        self._lateness = lateness
        self._waiters: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Announce a change."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], bool], timeout: float, over: Callable[[], bool]) -> bool:
        """Wait until the condition holds; False: it does not hold in time, or nothing can change any more.

        The wait lasts longer by the delay of this process itself.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not condition():
            left = deadline - loop.time()
            if over() or left <= 0:
                return condition()
            # When our own event loop is late, the server may not have had that time.
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
