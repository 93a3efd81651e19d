"""PostgreSQL, through asyncpg."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import NullPool, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import create_async_engine

from reference_server import tasks
from reference_server.database import schema
from reference_server.database.address import address_of, reaching
from reference_server.outages import FAILURES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from reference_server.database.protocol import OpenTransaction, P, T, Transaction

#: The driver; it reads the address by itself.
DRIVER = "postgresql+asyncpg://"
#: The advisory lock of this server; the number is arbitrary but fixed.
CLAIM = 0x63686174_01
#: How often to try for a claim, and the pause: PostgreSQL needs a moment to notice that a process was killed.
CLAIM_TRIES = 20
CLAIM_PAUSE_S = 0.1
#: How often to check that the claim is still valid.
LOOK_S = 2.0
#: How long to wait for a connection, and for an answer; a cut network reports no error.
CONNECT_S = 5.0
ANSWER_S = 10.0
#: How long to say goodbye to PostgreSQL, which may not answer.
CLOSING_S = 1.0
#: A connection that was used so lately needs no sign of life: asking for one takes as long as a transaction.
FRESH_S = 1.0
#: After this many milliseconds, PostgreSQL ends the transaction of a process that has stopped, and frees its locks.
SETTINGS = {"idle_in_transaction_session_timeout": "5000"}

logger = logging.getLogger(__name__)


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
        self._url = url
        self._address = {"dsn": address_of(url)}
        self._engine = create_async_engine(
            DRIVER,
            pool_timeout=ANSWER_S,
            connect_args={
                **self._address,
                "timeout": CONNECT_S,
                "command_timeout": ANSWER_S,
                "server_settings": SETTINGS,
            },
        )
        self._connections: WeakSet[Any] = WeakSet()
        event.listen(self._engine.sync_engine, "connect", self._keep_in_mind)
        for moment in ("connect", "checkin"):
            event.listen(self._engine.sync_engine, moment, _note_use)
        event.listen(self._engine.sync_engine, "checkout", _refuse_the_dead)
        self._keeper: asyncio.Task[None] | None = None
        self._claimed: AsyncConnection | None = None
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def prepare(self) -> None:
        """Bring the tables to the version of this server, under an advisory lock."""
        patient = create_async_engine(DRIVER, connect_args=self._address, poolclass=NullPool)  # without a time limit
        with reaching(self._url):
            async with patient.begin() as connection:
                await connection.run_sync(schema.prepare)
        await patient.dispose()

    async def claim(self, *, shared: bool) -> bool:
        """Claim the database with an advisory lock on a separate connection; take it again if that is cut."""
        with reaching(self._url):
            is_ours = await self._take(shared=shared)
        if not is_ours:
            return False
        self._keeper = asyncio.create_task(self._keep(shared=shared))
        return True

    async def _keep(self, *, shared: bool) -> None:
        """Take the claim again when it is lost by a restart of PostgreSQL or by a cut connection."""
        while True:
            await asyncio.sleep(LOOK_S)  # A sleep: there is no event for a restart of PostgreSQL.
            try:
                if self._claimed is not None:
                    await self._claimed.scalar(text("SELECT 1"))
                elif not await self._take(shared=shared):
                    logger.error("Another process has claimed the database while it was not reachable.")
            except FAILURES:
                await self._let_go()

    async def _let_go(self) -> None:
        claimed, self._claimed = self._claimed, None
        if claimed is not None:
            with suppress(*FAILURES):
                await claimed.invalidate()
            with suppress(*FAILURES):
                await claimed.close()

    async def _take(self, *, shared: bool) -> bool:
        connection = await self._engine.connect()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        lock = text(f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}({CLAIM})")
        for _ in range(CLAIM_TRIES):
            if await connection.scalar(lock):
                self._claimed = connection
                return True
            await asyncio.sleep(CLAIM_PAUSE_S)  # A poll: there is no event for a free lock.
        await connection.close()
        return False

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction on one snapshot."""
        async with self._reading.begin() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run at the default isolation: after the row lock, every statement sees the latest commit."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    async def read_autocommit(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a single statement without a transaction around it, which needs half the round trips."""
        async with self._autocommit.connect() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[OpenTransaction]:
        """Open a transaction on a separate connection."""
        async with self._engine.begin() as connection:
            yield _OpenTransaction(connection)

    def hurry(self) -> None:
        """Do nothing, because requests are cancelled in time."""

    async def close(self) -> None:
        """Close all connections, and with them the claim; abort those that PostgreSQL does not close in time."""
        event.listen(self._engine.sync_engine, "do_connect", _refuse_to_connect)
        goodbye = asyncio.create_task(self._say_goodbye())
        await asyncio.wait([goodbye], timeout=CLOSING_S)
        for connection in tuple(self._connections):
            if not connection.is_closed():
                connection.terminate()
        await asyncio.wait([goodbye], timeout=CLOSING_S)
        await tasks.end(goodbye)

    async def _say_goodbye(self) -> None:
        await tasks.end(self._keeper)
        await self._let_go()
        with suppress(*FAILURES):
            await self._engine.dispose()

    def _keep_in_mind(self, connection: Any, _record: ConnectionPoolEntry) -> None:
        self._connections.add(connection.driver_connection)


def _refuse_to_connect(*_: object) -> None:
    """Keep requests that end late from opening a connection that nobody closes."""
    raise ConnectionAbortedError("the database is closed")


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _refuse_the_dead(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Take another connection, and none of the same age, instead of one that PostgreSQL has closed."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if time.monotonic() - record.info["used"] < FRESH_S:
        return
    try:
        connection.ping()
    except Exception as error:
        raise InvalidatePoolError from error
