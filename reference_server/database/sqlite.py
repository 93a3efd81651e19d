"""SQLite: one file, threads, and one writer at a time."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from reference_server.config import ConfigError
from reference_server.database import schema
from reference_server.database.file_claim import FileClaim
from reference_server.outages import SHORTAGES, Cause, FileGoneError, cause_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from reference_server.database.protocol import OpenTransaction, P, T, Transaction

Q = ParamSpec("Q")
READER_THREADS = 2
#: What is committed goes to the WAL file first. After so many pages (of 4096 bytes), it is moved to the file itself.
WAL_PAGES = 4000
#: A WAL file that one large transaction has made larger is cut to this size.
WAL_BYTES = 4096 * WAL_PAGES
#: How long a writer waits for another program that locks the file, and how often it checks whether the server ends.
PATIENCE_S = 10.0
LOOK_MS = 500
#: SQLite itself does not wait where two programs turn on the WAL of a new file at once.
PAUSE_S = 0.01


class SqliteDatabase:
    """A file in WAL mode: readers never wait for the writer, and committed data survives a crash of the machine.

    With `synchronous="normal"`, it survives only a crash of the process, and a commit does not wait for the disk.

    All writers use one thread, with BEGIN IMMEDIATE. A transaction that reads first and writes later would fail
    immediately with "database is locked", even if it may wait.
    """

    engine = "sqlite"

    def __init__(self, path: Path, synchronous: str = "full") -> None:
        self._path = path
        self._claim = FileClaim(path.with_name(f"{path.name}.lock"))
        self._engine = create_engine(
            f"sqlite:///{path}", pool_size=READER_THREADS + 1, connect_args={"check_same_thread": False}
        )
        event.listen(self._engine, "connect", partial(_prepare_sqlite_connection, synchronous))
        event.listen(self._engine, "begin", _begin_sqlite_transaction)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="sqlite-reader")
        self._turn = asyncio.Lock()
        self._closing = False
        self._opened: os.stat_result | None = None

    async def prepare(self) -> None:
        """Bring the tables to the version of this server, in a transaction of the only writer.

        Raises ConfigError with the name of a file that SQLite cannot use.
        """
        try:
            await self.write(schema.prepare)
        except DatabaseError as error:
            why = error.orig if cause_of(error) is not Cause.UNREACHABLE else self._why_not() or error.orig
            raise ConfigError(f"The SQLite file {self._path} cannot be used: {why}") from None

    def _why_not(self) -> str:
        """Say why the system does not open the file, which SQLite keeps to itself; raises what this machine lacks."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT))
        except OSError as error:
            if error.errno in SHORTAGES:
                raise
            return str(error.strerror)
        return ""

    async def claim(self, *, shared: bool) -> bool:
        """Claim the file by a lock on another file beside it."""
        return await asyncio.to_thread(self._claim.take, shared=shared)

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in a reader thread."""

        def run() -> T:
            with self._engine.begin() as connection:
                return transaction(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in the writer thread; fail if the wait for the thread is as long as the longest wait for a lock.

        Otherwise, while a program locks the file, each request would wait for all earlier ones.
        """
        asked = time.monotonic()
        async with self._turn:
            if time.monotonic() - asked >= PATIENCE_S:
                raise TimeoutError("The database was locked, or too busy, for too long.")
            return await self._in_writer(self._write, lambda connection: transaction(connection, *args, **kwargs))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[OpenTransaction]:
        """Open a transaction, whose functions run in the writer thread."""
        async with self._turn:
            opened = _OpenTransaction(self)
            try:
                yield opened
            except BaseException:
                await self._in_writer(opened.roll_back)
                raise
            await self._in_writer(opened.commit)

    async def _in_writer(self, function: Callable[Q, T], *args: Q.args, **kwargs: Q.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, partial(function, *args, **kwargs))

    def _write(self, transaction: Callable[[Connection], T]) -> T:
        connection = self._begin()
        try:
            result = transaction(connection)
        except BaseException:
            connection.close()
            raise
        _commit(connection)
        return result

    def _begin(self) -> Connection:
        """Begin to write; wait while another program locks the file, but not if this server ends."""
        asked = time.monotonic()
        while True:
            try:
                connection = self._begun()
            except OperationalError as error:
                is_locked = cause_of(error) is Cause.LOCKED
                if self._closing or not is_locked or time.monotonic() - asked >= PATIENCE_S:
                    raise
                time.sleep(PAUSE_S)
            else:
                try:
                    self._check_that_the_file_is_there()
                except OSError:
                    connection.close()
                    raise
                return connection

    def _begun(self) -> Connection:
        connection = self._writing.connect()
        try:
            connection.begin()
        except OperationalError:
            connection.close()
            raise
        return connection

    def _check_that_the_file_is_there(self) -> None:
        """Raise FileGoneError if the file was removed, or another one has its name.

        SQLite writes into an open file that has no name any more, and all of it is lost when the server ends.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            found = None
        if self._opened is None:
            self._opened = found
        elif found is None or not os.path.samestat(found, self._opened):
            raise FileGoneError(f"The SQLite file {self._path} was removed or replaced.")

    def hurry(self) -> None:
        """Stop waiting for programs that lock the file."""
        self._closing = True

    async def close(self) -> None:
        """Finish the transactions that have begun, then close the file; do not wait for locks."""
        self.hurry()
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()
        self._claim.release()


def _prepare_sqlite_connection(synchronous: str, connection: Any, _record: object) -> None:
    """Turn off automatic BEGIN, and turn on WAL."""
    connection.isolation_level = None
    size = f"wal_autocheckpoint={WAL_PAGES}", f"journal_size_limit={WAL_BYTES}"
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON", *size):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout={LOOK_MS}")


def _begin_sqlite_transaction(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _commit(connection: Connection) -> None:
    with connection:
        connection.commit()


class _OpenTransaction:
    """A transaction that begins with its first function, which saves one switch to the writer thread."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._connection: Connection | None = None

    async def run(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._database._in_writer(self._run, lambda connection: transaction(connection, *args, **kwargs))

    def _run(self, transaction: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._database._begin()
        return transaction(self._connection)

    def commit(self) -> None:
        if self._connection is not None:
            _commit(self._connection)

    def roll_back(self) -> None:
        if self._connection is not None:
            self._connection.close()
