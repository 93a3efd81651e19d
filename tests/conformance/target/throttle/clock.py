"""A clock that a test can hold: it moves when everybody sleeps, to the time of the one who wakes first."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        waker = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), waker))
        await waker

    async def run_out(self) -> None:
        """Wake one sleeper after another, until there is nobody left."""
        while True:
            for _ in range(20):  # whoever can go on without the clock does
                await asyncio.sleep(0)
            if not self._sleepers:
                return
            self.now, _, waker = heapq.heappop(self._sleepers)
            if not waker.done():
                waker.set_result(None)
