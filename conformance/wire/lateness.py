"""Measures how late this process itself is: waits for the server grow by it, and the run says so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SLICE = 0.1
"""Seconds in which a wait measures how late the event loop is."""


@dataclass(slots=True)
class Lateness:
    """How late the event loop was in the waits of a run: `worst` in one slice of them, `waits` that were lengthened.

    Many waits share the same late moment, so their sum says nothing: `seconds` counts each moment once.
    """

    seconds: float = 0.0
    worst: float = 0.0
    waits: int = 0
    _until: float = 0.0

    async def measure(self, wait: Callable[[float], Awaitable[None]], left: float) -> float:
        """Wait for one slice of what is `left`, and give the seconds by which the event loop came back late."""
        loop = asyncio.get_running_loop()
        due = loop.time() + min(left, SLICE)
        await wait(due - loop.time())
        now = loop.time()
        late = max(0.0, now - due)
        self.seconds += max(0.0, now - max(due, self._until))
        self._until = max(self._until, now)
        self.worst = max(self.worst, late)
        return late
