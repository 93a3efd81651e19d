"""Limits the requests of each user, counted over all connections and all instances."""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimiter(Protocol):
    """Counts what is allowed per key within a sliding window."""

    async def allow(self, key: str, limit: int, window: float) -> bool:
        """Count one use of the key, unless `limit` uses were allowed within the last `window` seconds."""


class InMemoryRateLimiter:
    """A log of the allowed uses per key; what is refused does not count, so waiting always helps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._uses: dict[str, list[float]] = {}
        self._sweep_at = 0.0

    async def allow(self, key: str, limit: int, window: float) -> bool:
        """Forget the uses that have left the window, then see whether one more fits."""  # RATE-4
        now = self._clock()
        self._sweep(now, window)
        uses = self._uses.setdefault(key, [])
        del uses[: bisect_right(uses, now - window)]
        if len(uses) >= limit:
            return False
        uses.append(now)
        return True

    def _sweep(self, now: float, window: float) -> None:
        """Once per window, forget the users without recent requests, so that memory stays bounded."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + window
        for key in [key for key, uses in self._uses.items() if not uses or uses[-1] <= now - window]:
            del self._uses[key]
