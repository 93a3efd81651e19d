"""What waits to be published: one task sends it to Redis, as much at a time as is waiting."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING

from reference_server.redis.client import ANSWER_S, FAILURES

if TYPE_CHECKING:
    from reference_server.redis.client import GuardedRedis

logger = logging.getLogger(__name__)

#: As much is sent at a time.
LARGEST = 500
#: What waits beyond this is left out, the oldest first: while Redis is slow, memory must not grow.
WAITING = 10_000


class Outgoing:
    """A queue of notices, each sent once or, while Redis is gone, not at all."""

    def __init__(self, client: GuardedRedis) -> None:
        self._client = client
        self._waiting: deque[tuple[str, bytes, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, channel: str, data: bytes) -> asyncio.Future[None]:
        """Queue a notice; the future is done when it is sent or left out."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= WAITING:
            _done(self._waiting.popleft()[2])
        self._waiting.append((channel, data, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send(), context=Context())
        return done

    async def close(self) -> None:
        """Send what waits, if Redis takes it in time."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=ANSWER_S)
            self._task.cancel()

    async def _send(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST))]
            try:
                await self._client.publish_all([(channel, data) for channel, data, _ in taken])
            except FAILURES as error:
                logger.warning("notices wait for the next position check: %s", error)
            finally:
                for _, _, done in taken:
                    _done(done)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
