"""A queue of notices: one task sends all waiting notices to Redis together."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING

from reference_server.redis.client import FAILURES, GOODBYE_S

if TYPE_CHECKING:
    from reference_server.redis.client import GuardedRedis

logger = logging.getLogger(__name__)

#: The most notices that are sent together.
LARGEST = 500
#: The most notices that wait; after that, the oldest is dropped, so that memory stays bounded while Redis is slow.
WAITING = 10_000


class Outgoing:
    """A queue of notices; each is sent once, or not at all if Redis is down."""

    def __init__(self, client: GuardedRedis) -> None:
        self._client = client
        self._waiting: deque[tuple[str, bytes, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, channel: str, data: bytes) -> asyncio.Future[None]:
        """Queue a notice; the future is done when the notice is sent or dropped."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= WAITING:
            _done(self._waiting.popleft()[2])
        self._waiting.append((channel, data, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send(), context=Context())
        return done

    async def close(self) -> None:
        """Send the waiting notices, if Redis accepts them in time."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=GOODBYE_S)
            self._task.cancel()

    async def _send(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST))]
            try:
                await self._client.publish_all([(channel, data) for channel, data, _ in taken])
            except FAILURES as error:
                logger.warning("notices were not sent; other processes find them at the next position check: %s", error)
            finally:
                for _, _, done in taken:
                    _done(done)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
