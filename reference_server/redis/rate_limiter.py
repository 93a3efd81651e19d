"""Rate limits that all processes share."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from reference_server.rate_limiter import InMemoryRateLimiter
from reference_server.redis.client import FAILURES, key

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

#: A list of the times of the allowed uses, in milliseconds of the clock of Redis, the newest first. A time in the
#: future was written before the clock was set back; it would never leave the window, so it is removed.
ALLOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = tonumber(redis.call('LINDEX', KEYS[1], -1))
while oldest and (oldest <= now - window or oldest > now) do
  redis.call('RPOP', KEYS[1])
  oldest = tonumber(redis.call('LINDEX', KEYS[1], -1))
end
if redis.call('LLEN', KEYS[1]) >= limit then return 0 end
redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], window)
return 1
"""


class RedisRateLimiter:
    """A log of the allowed uses of each key; if Redis is down, each process counts by itself."""

    def __init__(self, client: Redis) -> None:
        self._allow = client.register_script(ALLOW)
        self._alone = InMemoryRateLimiter()

    async def allow(self, name: str, limit: int, window: float) -> bool:
        """Remove the uses that have left the window, then check whether one more is allowed."""  # RATE-4
        try:
            return bool(await self._allow(keys=[key("rate", name)], args=[limit, max(1, round(window * 1000))]))
        except FAILURES as error:
            logger.warning("each process limits rates by itself, without Redis: %s", error)
            return await self._alone.allow(name, limit, window)
