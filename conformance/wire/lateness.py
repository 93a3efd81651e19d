"""Measures the delay of this process itself: waits for the server grow by it, and the run reports it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

SLICE = 0.1
"""Seconds in which a wait measures how late the event loop is."""


_T = TypeVar("_T")


@dataclass(slots=True)
class Lateness:
    """The delay of the event loop in the waits of a run, in seconds: the sum, and the `worst` one.

    Many waits share the same late moment: `seconds` counts each moment once.
    """

    seconds: float = 0.0
    worst: float = 0.0
    _until: float = 0.0

    async def measure(self, wait: Callable[[float], Awaitable[None]], left: float) -> float:
        """Wait for one slice of the time `left`, and give the seconds by which the event loop was late."""
        loop = asyncio.get_running_loop()
        piece = min(left, SLICE)
        due = loop.time() + piece
        await wait(piece)
        now = loop.time()
        late = max(0.0, now - due)
        self.seconds += max(0.0, now - max(due, self._until))
        self._until = max(self._until, now)
        self.worst = max(self.worst, late)
        return late

    async def within(self, seconds: float, work: Coroutine[None, None, _T]) -> _T:
        """Give the result of some work; raises TimeoutError if it takes longer than that plus our own delay."""
        task = asyncio.ensure_future(work)

        async def wait(piece: float) -> None:
            await asyncio.wait({task}, timeout=piece)

        try:
            left = seconds
            while not task.done() and left > 0:
                began = asyncio.get_running_loop().time()
                late = await self.measure(wait, left)
                left += late - (asyncio.get_running_loop().time() - began)
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})
