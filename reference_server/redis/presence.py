"""Counts the connections of each user over all processes.

Each process writes how many connections each user has with it, and renews a lease. When the lease of a process expires,
its counts are no longer valid, and the first process that notices it removes them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from math import inf
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from reference_server.locks import KeyedLocks
from reference_server.redis.client import FAILURES, GOODBYE_S, key, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

LEASE_S = 6.0
#: Part of a lease. After a longer pause between two renewals, Redis or the machine has paused, not only one process.
PAUSE = 0.7

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
#: Remove the counts of a lost process, unless it has renewed its lease or another process was faster; return the users
#: who were connected only there, and keep a list of them for the process, which may come back.
REMOVE = (
    _LIVE
    + """
local leases, users, gone = KEYS[1], KEYS[2], KEYS[3]
local process, counts = ARGV[1], ARGV[2]
local lease = tonumber(redis.call('ZSCORE', leases, process))
if not lease or lease > now then return {} end
local alone = {}
for _, user in ipairs(redis.call('SMEMBERS', users)) do
  redis.call('HDEL', counts .. user, process)
  if others(counts .. user, leases, process) == 0 then
    table.insert(alone, user)
    redis.call('SADD', gone, user)
  end
end
redis.call('DEL', users)
redis.call('ZREM', leases, process)
redis.call('EXPIRE', gone, ARGV[3])
return alone
"""
)
#: Renew this process' lease; return whether it had one, the processes whose leases have run out, and the users of this
#: process who were announced as gone because it was thought lost.
RENEW = (
    _LIVE
    + """
local had = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
local gone = redis.call('SMEMBERS', KEYS[2])
redis.call('DEL', KEYS[2])
return {had and 1 or 0, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now)), gone}
"""
)
#: How long a process that was thought lost may be away, and still learn whom the others have announced as gone.
AWAY_S = 24 * 3600
NO_LIMIT = -1


class RedisPresence:
    """Counts connections over all processes; if Redis is down, each process counts only its own."""

    def __init__(self, client: Redis, lease: float = LEASE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.process = uuid4().hex
        self.lease = lease
        self._client = client
        self._clock = clock
        self._own: dict[UUID, int] = {}
        #: Users whose count could not be written.
        self._unwritten: set[UUID] = set()
        self._turns: KeyedLocks[UUID] = KeyedLocks()
        self._renewed = self._steady = -inf
        self._leases = key("leases")
        self._set = client.register_script(SET)
        self._count = client.register_script(COUNT)
        self._remove = client.register_script(REMOVE)
        self._renew = client.register_script(RENEW)

    async def enter(self, user_id: UUID, limit: int) -> int | None:
        """Count one more connection, within the limit."""
        async with self._turns.hold(user_id):
            count = self._own.get(user_id, 0) + 1
            total = await self._write(user_id, count, limit)
            if total > limit or total < 0:
                return None
            self._own[user_id] = count
            return total

    async def leave(self, user_id: UUID) -> int:
        """Count one connection less, and forget a user without connections."""
        async with self._turns.hold(user_id):
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
        """Renew the lease, repair the counts, and return the users of whom others know nothing or something wrong.

        These are the users who were connected only with lost processes, who came or left while Redis was down, and who
        were announced as gone because this process was thought lost.
        """
        keys = [self._leases, key("gone", self.process)]
        had, lost, gone = await self._renew(keys=keys, args=[self.process, round(self.lease * 1000)])
        changed = {UUID(text(each)) for each in gone} | self._unwritten
        if not had:
            self._unwritten |= self._own.keys()
        for user_id in tuple(self._unwritten):
            async with self._turns.hold(user_id):
                await self._write(user_id, self._own.get(user_id, 0), NO_LIMIT)
        for process in map(text, lost if self._is_steady() else ()):
            keys = [self._leases, key("users", process), key("gone", process)]
            found = await self._remove(keys=keys, args=[process, key("counts", ""), AWAY_S])
            changed |= {UUID(text(each)) for each in found}
        return sorted(changed)

    async def close(self) -> None:
        """End the lease; the next process that checks removes the users who are still counted."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._client.zadd(self._leases, {self.process: 0}, xx=True)
                if not self._own:
                    await self._client.zrem(self._leases, self.process)
        except FAILURES as error:
            logger.warning("the lease could not be ended, and will expire: %s", error)

    def _is_steady(self) -> bool:
        """Say whether Redis has answered for a whole lease: until then, nobody could renew, and nobody is lost."""
        now = self._clock()
        if now - self._renewed > self.lease * PAUSE:
            self._steady = now
        self._renewed = now
        return now - self._steady >= self.lease

    async def _write(self, user_id: UUID, count: int, limit: int) -> int:
        """Write the count of this process, and return the total."""
        keys = [key("counts", user_id), self._leases, key("users", self.process)]
        try:
            total = int(await self._set(keys=keys, args=[self.process, str(user_id), count, limit]))
        except FAILURES as error:
            logger.warning("presence is known only for this process: %s", error)
            self._unwritten.add(user_id)
            return count
        self._unwritten.discard(user_id)
        return total
