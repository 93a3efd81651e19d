"""SQLite: one file, threads, and one writer at a time."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event

from reference_server.database import schema
from reference_server.database.file_claim import FileClaim

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.database.protocol import P, T, Transaction

READER_THREADS = 2
BUSY_TIMEOUT_MS = 10_000


class SqliteDatabase:
    """A file, in WAL mode: readers never wait for the writer, and what is committed survives a crash.

    All writers take turns in one thread, with BEGIN IMMEDIATE: a transaction that starts by reading and
    becomes a writer later would fail at once with "database is locked", however long it may wait.
    """

    engine = "sqlite"

    def __init__(self, path: Path) -> None:
        self._claim = FileClaim(path.with_name(f"{path.name}.lock"))
        self._engine = create_engine(
            f"sqlite:///{path}", pool_size=READER_THREADS + 1, connect_args={"check_same_thread": False}
        )
        event.listen(self._engine, "connect", _prepare_sqlite_connection)
        event.listen(self._engine, "begin", _begin_sqlite_transaction)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="sqlite-reader")

    async def prepare(self) -> None:
        """Bring the tables to the version of this server, in a transaction of the only writer."""
        await self.write(schema.prepare)

    async def claim(self, *, shared: bool) -> bool:
        """Claim the file, by a lock on a file beside it."""
        return await asyncio.to_thread(self._claim.take, shared=shared)

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in a reader thread."""

        def run() -> T:
            with self._engine.begin() as connection:
                return transaction(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in the writer thread; give up on what has waited for it as long as for a lock.

        Who locks the file would otherwise hold up every request for the time of all before it.
        """
        asked = time.monotonic()

        def run() -> T:
            if (time.monotonic() - asked) * 1000 >= BUSY_TIMEOUT_MS:
                raise TimeoutError("The database was locked, or too busy, for too long.")
            with self._writing.begin() as connection:
                return transaction(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def close(self) -> None:
        """Finish what is under way, then close the file."""
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()
        self._claim.release()


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    """Leave BEGIN to us, and ask for WAL.

    `synchronous=NORMAL` loses nothing when the process dies (ACK-4), only, perhaps, when the machine does.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begin_sqlite_transaction(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
