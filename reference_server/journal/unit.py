"""A change of a conversation: what is written and what is told of it, committed as one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from reference_server.journal import codec, entries
from reference_server.locks import KeyedLocks
from reference_server.pubsub import conversation_channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from reference_server.database.postgresql import PostgresDatabase
    from reference_server.database.protocol import P, T, Transaction
    from reference_server.pubsub import Published

    Send = Callable[[str, int | None, Published], Awaitable[None]]


class Unit:
    """One change; its transaction begins with the first write."""

    def __init__(self, key: UUID, database: PostgresDatabase) -> None:
        self.channel = conversation_channel(key)
        self.told: list[Published] = []
        self._key = key
        self._database = database
        self._opened: AbstractAsyncContextManager[AsyncConnection] | None = None
        self._connection: AsyncConnection | None = None

    def takes(self, channel: str) -> bool:
        """Say whether a notice on this channel is part of the change."""
        return self._connection is not None and channel == self.channel

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the store within the change's transaction."""
        if self._connection is None:
            self._opened = self._database.transaction()
            self._connection = await self._opened.__aenter__()
        return await self._connection.run_sync(transaction, *args, **kwargs)

    async def commit(self) -> list[tuple[int, Published]]:
        """Write what is told into the journal, and commit; return it with its positions."""
        if self._connection is None or self._opened is None:
            return []
        first = 0
        if self.told:
            notices = [codec.encode(notice) for notice in self.told]
            first = await self._connection.run_sync(entries.append, self._key, notices)
        opened, self._opened, self._connection = self._opened, None, None
        await opened.__aexit__(None, None, None)
        return list(enumerate(self.told, first))

    async def roll_back(self, error: BaseException) -> None:
        """Undo what was written, unless it is committed."""
        if self._opened is not None:
            opened, self._opened, self._connection = self._opened, None, None
            await opened.__aexit__(type(error), error, error.__traceback__)


current_unit: ContextVar[Unit | None] = ContextVar("current_unit", default=None)


class JournalledOrder:
    """Takes the place of the in-memory locks: the changes of a conversation, one after the other, each as one unit."""

    def __init__(self, database: PostgresDatabase, send: Send) -> None:
        self._database = database
        self._send = send
        self._locks: KeyedLocks[UUID] = KeyedLocks()

    @asynccontextmanager
    async def hold(self, key: UUID) -> AsyncIterator[None]:
        """Hold this around a change of a conversation; what is told within it is published after its commit."""
        async with self._locks.hold(key):
            unit = Unit(key, self._database)
            token = current_unit.set(unit)
            try:
                yield
                committed = await unit.commit()
            except BaseException as error:
                await unit.roll_back(error)
                raise
            finally:
                current_unit.reset(token)
            for position, notice in committed:
                await self._send(unit.channel, position, notice)


class JournalledDatabase:
    """A PostgreSQL in which writes within a unit are part of its transaction."""

    engine = "postgresql"

    def __init__(self, inner: PostgresDatabase) -> None:
        self._inner = inner

    async def prepare(self) -> None:
        """Bring the tables to the version of this server."""
        await self._inner.prepare()

    async def claim(self, *, shared: bool) -> bool:
        """Claim the database."""
        return await self._inner.claim(shared=shared)

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run on one snapshot, outside any unit."""
        return await self._inner.read(transaction, *args, **kwargs)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run within the unit, or else in a transaction of its own."""
        unit = current_unit.get()
        if unit is None:
            return await self._inner.write(transaction, *args, **kwargs)
        return await unit.write(transaction, *args, **kwargs)

    async def close(self) -> None:
        """Close the pool."""
        await self._inner.close()
