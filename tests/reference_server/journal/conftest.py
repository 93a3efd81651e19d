from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server.database import PostgresDatabase, open_database
from reference_server.group_commit.writer import GroupCommit
from reference_server.journal import bus
from reference_server.journal.bus import JournalBus
from reference_server.journal.publisher import Journal
from reference_server.metrics import Metrics
from reference_server.permissions import Role, Visibility
from reference_server.pubsub import Event, conversation_channel
from reference_server.redis.client import open_redis
from reference_server.store import conversations
from tests.reference_server.hearing import Heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy import Connection

    from tests.engines.redis import RedisServer

    Start = Callable[[], Awaitable["Process"]]

ALICE = uuid4()


class Process:
    """What one process has of the bus and the journal."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        inner = open_database(database_url)
        assert isinstance(inner, PostgresDatabase)
        self.database = inner
        self.typing: list[tuple[UUID, UUID, bool]] = []
        self.client = open_redis(redis_url)
        self.bus = JournalBus(self.client, inner, lambda *says: self.typing.append(says), Metrics())
        self.changes = GroupCommit(inner, Journal(self.bus), Metrics())

    async def change(self, conversation_id: UUID, *frames: str) -> None:
        """Change a conversation and tell of it."""
        async with self.changes.change(conversation_id, ALICE):
            await self.changes.write(lock, conversation_id)
            for frame in frames:
                await self.bus.publish(conversation_channel(conversation_id), Event(frame))

    async def hear(self, conversation_id: UUID) -> Heard:
        """Follow a conversation."""
        heard = Heard()
        await self.bus.subscribe(conversation_channel(conversation_id), heard)
        return heard

    async def close(self) -> None:
        await self.bus.close()
        await self.client.aclose()
        await self.database.close()


def lock(connection: Connection, conversation_id: UUID) -> None:
    conversations.acquire(connection, conversation_id, ALICE, conversations.Right.SEND)


@pytest.fixture
async def start(
    empty_postgresql: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Starts a process."""
    monkeypatch.setattr(bus, "CHECK_S", 0.05)
    async with AsyncExitStack() as stack:

        async def begin() -> Process:
            process = Process(empty_postgresql, redis_server.url)
            stack.push_async_callback(process.close)
            await process.database.prepare()
            await process.bus.start()
            return process

        yield begin


@pytest.fixture
async def one(start: Start) -> Process:
    return await start()


@pytest.fixture
async def other(start: Start) -> Process:
    return await start()


@pytest.fixture
async def lobby(one: Process) -> UUID:
    return await one.database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})
