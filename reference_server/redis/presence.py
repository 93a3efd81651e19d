"""Counts the connections of each user over all processes.

Each process writes how many connections each user has with it, and renews a lease. When the lease of a process expires,
its counts are no longer valid, and the first process that notices it removes them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from reference_server.redis.client import FAILURES, key, text

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

LEASE_S = 6.0

_LIVE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function others(counts, leases, own)
  local total = 0
  local entries = redis.call('HGETALL', counts)
  for i = 1, #entries, 2 do
    local lease = tonumber(redis.call('ZSCORE', leases, entries[i]))
    if entries[i] ~= own and lease and lease > now then total = total + tonumber(entries[i + 1]) end
  end
  return total
end
"""
#: Set this process' count of a user, if the total stays within the limit; return the new total, or -1.
SET = (
    _LIVE
    + """
local counts, leases, users = KEYS[1], KEYS[2], KEYS[3]
local own, user, count, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local total = others(counts, leases, own) + count
if limit >= 0 and total > limit then return -1 end
if count > 0 then
  redis.call('HSET', counts, own, count)
  redis.call('SADD', users, user)
else
  redis.call('HDEL', counts, own)
  redis.call('SREM', users, user)
end
return total
"""
)
#: Count a user's connections with all processes.
COUNT = _LIVE + "return others(KEYS[1], KEYS[2], '')"
#: Remove a lost process' count of a user; return the total of the others, or -1 if another process was faster.
DROP = (
    _LIVE
    + """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return -1 end
return others(KEYS[1], KEYS[2], ARGV[1])
"""
)
#: Renew this process' lease; return whether it had one, and the processes whose leases have run out.
RENEW = (
    _LIVE
    + """
local had = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
return {had and 1 or 0, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))}
"""
)
NO_LIMIT = -1


class RedisPresence:
    """Counts connections over all processes; if Redis is down, each process counts only its own."""

    def __init__(self, client: Redis, lease: float = LEASE_S) -> None:
        self.process = uuid4().hex
        self.lease = lease
        self._client = client
        self._own: dict[UUID, int] = {}
        self._leases = key("leases")
        self._set = client.register_script(SET)
        self._count = client.register_script(COUNT)
        self._drop = client.register_script(DROP)
        self._renew = client.register_script(RENEW)

    async def enter(self, user_id: UUID, limit: int) -> int | None:
        """Count one more connection, within the limit."""
        count = self._own.get(user_id, 0) + 1
        total = await self._write(user_id, count, limit)
        if total > limit or total < 0:
            return None
        self._own[user_id] = count
        return total

    async def leave(self, user_id: UUID) -> int:
        """Count one connection less, and forget a user without connections."""
        count = max(self._own.get(user_id, 0) - 1, 0)
        if count:
            self._own[user_id] = count
        else:
            self._own.pop(user_id, None)
        return await self._write(user_id, count, NO_LIMIT)

    async def is_online(self, user_id: UUID) -> bool:
        """Say whether the user has a connection with any process."""
        if user_id in self._own:
            return True
        try:
            return int(await self._count(keys=[key("counts", user_id), self._leases])) > 0
        except FAILURES as error:
            logger.warning("presence is known only for this process: %s", error)
            return False

    async def renew(self) -> list[UUID]:
        """Renew the lease, and return the users who were connected only with lost processes.

        A process whose lease has expired, because it or Redis paused, writes all its counts again.
        """
        had, lost = await self._renew(keys=[self._leases], args=[self.process, round(self.lease * 1000)])
        if not had:
            for user_id in tuple(self._own):
                await self._write(user_id, self._own.get(user_id, 0), NO_LIMIT)
        gone: list[UUID] = []
        for process in map(text, lost):
            gone += await self._remove(process)
        return gone

    async def close(self) -> None:
        """End the lease; the next process that checks removes the users who are still counted."""
        try:
            await self._client.zadd(self._leases, {self.process: 0}, xx=True)
            if not self._own:
                await self._client.zrem(self._leases, self.process)
        except FAILURES as error:
            logger.warning("the lease could not be ended, and will expire: %s", error)

    async def _remove(self, process: str) -> list[UUID]:
        users = key("users", process)
        gone = []
        for user_id in [UUID(text(each)) for each in await self._client.smembers(users)]:
            if await self._drop(keys=[key("counts", user_id), self._leases], args=[process]) == 0:
                gone.append(user_id)
        await self._client.delete(users)
        await self._client.zrem(self._leases, process)
        return gone

    async def _write(self, user_id: UUID, count: int, limit: int) -> int:
        """Write the count of this process, and return the total."""
        keys = [key("counts", user_id), self._leases, key("users", self.process)]
        try:
            return int(await self._set(keys=keys, args=[self.process, str(user_id), count, limit]))
        except FAILURES as error:
            logger.warning("presence is known only for this process: %s", error)
            return count
