"""A rate limiter that also refuses what is within the limit (`--reject-rate`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from reference_server.misbehaviour.switches import Switchboard
    from reference_server.rate_limiter import RateLimiter


class RefusingRateLimiter:
    """Refuses a share of everything, and leaves the rest to the rate limiter in it."""

    def __init__(self, inner: RateLimiter, switchboard: Switchboard, random: Random) -> None:
        self._inner = inner
        self._switchboard = switchboard
        self._random = random

    async def allow(self, key: str, limit: int, window: float) -> bool:
        """Say no by chance; what is refused so does not count."""
        if self._random.random() < self._switchboard.now.reject_rate:
            return False
        return await self._inner.allow(key, limit, window)
