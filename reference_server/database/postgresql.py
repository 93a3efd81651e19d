"""PostgreSQL, through asyncpg."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from reference_server.database import schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection

    from reference_server.database.protocol import OpenTransaction, P, T, Transaction

#: Advisory locks of this server; any numbers, but always these.
CLAIM = 0x63686174_01
#: How often and how long to try for a claim: PostgreSQL needs a moment to see that a killed process is gone.
CLAIM_TRIES = 20
CLAIM_PAUSE_S = 0.1


class _OpenTransaction:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def run(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._turn:
            return await self._connection.run_sync(transaction, *args, **kwargs)


class PostgresDatabase:
    """PostgreSQL through asyncpg; writers of one conversation take turns by its row lock."""

    engine = "postgresql"

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(url.set(drivername="postgresql+asyncpg"), pool_pre_ping=True)
        self._claimed: AsyncConnection | None = None
        self._glancing = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def prepare(self) -> None:
        """Bring the tables to the version of this server, under an advisory lock."""
        await self.write(schema.prepare)

    async def claim(self, *, shared: bool) -> bool:
        """Claim the database by an advisory lock, which a connection of its own holds."""
        connection = await self._engine.connect()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        lock = text(f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}({CLAIM})")
        for _ in range(CLAIM_TRIES):
            if await connection.scalar(lock):
                self._claimed = connection
                return True
            await asyncio.sleep(CLAIM_PAUSE_S)  # A poll: PostgreSQL tells nobody that a lock is free.
        await connection.close()
        return False

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run on one snapshot."""
        async with self._reading.begin() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run at the default isolation: after the row lock, every statement sees the latest commit."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    async def glance(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what is a single statement, without a transaction around it: half the way for what is asked often."""
        async with self._glancing.connect() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[OpenTransaction]:
        """Open a transaction on a connection of its own."""
        async with self._engine.begin() as connection:
            yield _OpenTransaction(connection)

    async def close(self) -> None:
        """Close the pool, and with it the connection that holds the claim."""
        if self._claimed is not None:
            await self._claimed.invalidate()
            await self._claimed.close()
        await self._engine.dispose()
