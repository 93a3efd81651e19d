"""One process of several: what it shares with the others through PostgreSQL and Redis, and what it does for them."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from reference_server import arrivals, tasks
from reference_server.config import ConfigError
from reference_server.database import PostgresDatabase
from reference_server.events import UserTyping, encode
from reference_server.group_commit.writer import GroupCommit
from reference_server.journal import entries
from reference_server.journal.bus import JournalBus
from reference_server.journal.publisher import Journal
from reference_server.metrics import Metrics
from reference_server.pubsub import Event, conversation_channel
from reference_server.redis.client import FAILURES, check, open_redis
from reference_server.redis.presence import RedisPresence
from reference_server.redis.rate_limiter import RedisRateLimiter
from reference_server.services import Services

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.context import Instance
    from reference_server.database import Database

logger = logging.getLogger(__name__)

#: How long the journal keeps an event: a process that was away for longer lets its clients sync.
JOURNAL_AGE = timedelta(hours=1)
#: A process renews its lease this many times before it runs out.
RENEWALS = 3
#: How often a process deletes old events from the journal.
PRUNING_S = 60.0


class Cluster:
    """This process' part in a deployment of several; `services` is what its instances use."""

    def __init__(self, database: Database, redis_url: str) -> None:
        if not isinstance(database, PostgresDatabase):
            raise ConfigError("Several processes share a PostgreSQL: give --database postgresql://… with --redis.")
        self._client = open_redis(redis_url)
        metrics = Metrics()
        self._bus = JournalBus(self._client, database, self._types, metrics)
        self._presence = RedisPresence(self._client)
        self._instance: Instance | None = None
        self._tasks: list[asyncio.Task[None]] = []
        #: Users whose presence has to be announced.
        self._changed: asyncio.Queue[UUID] = asyncio.Queue()
        self.services = Services(
            database,
            pubsub=self._bus,
            rate_limiter=RedisRateLimiter(self._client),
            presence=self._presence,
            metrics=metrics,
            changes=GroupCommit(database, Journal(self._bus), metrics),
        )

    async def start(self, instance: Instance) -> None:
        """Begin to take part; `instance` speaks for the process."""
        await check(self._client)
        self._instance = instance
        await self._presence.renew()
        await self._bus.start()
        self._tasks = [asyncio.create_task(each) for each in (self._stay(), self._settle(instance), self._prune())]

    async def close(self) -> None:
        """Take part no more."""
        for task in self._tasks:
            await tasks.end(task)
        if self._tasks:
            await self._presence.close()
        await self._bus.close()
        await self._client.aclose()

    async def _stay(self) -> None:
        """Renew the lease; nothing else may delay it, because others would think that this process is lost."""
        while True:
            try:
                for user_id in await self._presence.renew():
                    self._changed.put_nowait(user_id)
            except FAILURES as error:
                logger.warning("the lease could not be renewed: %s", error)
            except Exception:
                logger.exception("the lease could not be renewed")
            await asyncio.sleep(self._presence.lease / RENEWALS)  # A sleep: this is the timer itself.

    async def _settle(self, instance: Instance) -> None:
        """Announce what others do not know of users: a lost process may have had thousands."""
        while True:
            user_id = await self._changed.get()
            try:
                await arrivals.settle(instance, user_id)
            except Exception:
                logger.exception("a change of presence could not be announced")

    async def _prune(self) -> None:
        """Delete old events from the journal."""
        while True:
            try:
                await self.services.database.write(entries.prune, JOURNAL_AGE)
            except Exception as error:
                logger.warning("the journal could not be pruned: %s", type(error).__name__)
            await asyncio.sleep(PRUNING_S)  # A sleep: this is the timer itself.

    def _types(self, conversation_id: UUID, user_id: UUID, is_typing: bool) -> None:
        """Keep in mind who types with another process, to end it should that process be lost."""
        if self._instance is not None:
            self._instance.typing.elsewhere(conversation_id, user_id, is_typing, self._tell_own)

    async def _tell_own(self, conversation_id: UUID, user_id: UUID) -> None:
        """Tell this process' connections that a user types no more; each process tells its own."""
        event = Event(encode(UserTyping(conversation_id, user_id, False)), besides=user_id)
        self._bus.tell_own(conversation_channel(conversation_id), event)
