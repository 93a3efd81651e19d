"""A rate limiter that also refuses requests within the limit (`--reject-rate`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from reference_server.misbehaviour.switches import Switchboard
    from reference_server.rate_limiter import RateLimiter


class RefusingRateLimiter:
    """Refuses a random share of the requests, and asks the wrapped rate limiter about the others."""

    def __init__(self, inner: RateLimiter, switchboard: Switchboard, random: Random) -> None:
        self._inner = inner
        self._switchboard = switchboard
        self._random = random

    async def allow(self, key: str, limit: int, window: float) -> bool:
        """Refuse at random; such a request does not count for the limit."""
        if self._random.random() < self._switchboard.now.reject_rate:
            return False
        return await self._inner.allow(key, limit, window)
