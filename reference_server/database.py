"""Where transactions run.

The store is written once, as plain functions of a SQLAlchemy connection. A database runs such a function as
one transaction without blocking the event loop: SQLite in threads, one of them for all writers, PostgreSQL
through its async driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import reference_server.models  # noqa: F401 - registers the tables
from reference_server.config import ConfigError

P = ParamSpec("P")
T = TypeVar("T")
Transaction = Callable[Concatenate[Connection, P], T]

READER_THREADS = 2
BUSY_TIMEOUT_MS = 10_000


class Database(Protocol):
    """Runs functions of the store, each as one transaction."""

    async def prepare(self) -> None:
        """Create the tables that do not exist yet."""

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction that sees one snapshot and changes nothing."""

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction and return when it is committed; an exception rolls it back."""

    async def close(self) -> None:
        """Let go of every connection."""


def open_database(url: str) -> Database:
    """Choose the database by its URL: `sqlite:///path` or `postgresql://…`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("The database URL is malformed; try sqlite:///chat.db") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigError("SQLite needs a file: sqlite:///chat.db")
        return SqliteDatabase(Path(parsed.database))
    if backend == "postgresql":
        return PostgresDatabase(parsed)
    raise ConfigError(f"No support for {backend!r}: use sqlite:///path or postgresql://…")


class SqliteDatabase:
    """A file, in WAL mode: readers never wait for the writer, and what is committed survives a crash.

    All writers take turns in one thread, with BEGIN IMMEDIATE: a transaction that starts by reading and
    becomes a writer later would fail at once with "database is locked", however long it may wait.
    """

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(
            f"sqlite:///{path}", pool_size=READER_THREADS + 1, connect_args={"check_same_thread": False}
        )
        event.listen(self._engine, "connect", _prepare_sqlite_connection)
        event.listen(self._engine, "begin", _begin_sqlite_transaction)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="sqlite-reader")

    async def prepare(self) -> None:
        """Create the tables that do not exist yet."""
        await self.write(SQLModel.metadata.create_all)

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in a reader thread."""

        def run() -> T:
            with self._engine.begin() as connection:
                return transaction(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in the writer thread."""

        def run() -> T:
            with self._writing.begin() as connection:
                return transaction(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def close(self) -> None:
        """Finish what is under way, then close the file."""
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()


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


class PostgresDatabase:
    """PostgreSQL through asyncpg; writers of one conversation take turns by its row lock."""

    def __init__(self, url: URL) -> None:
        try:
            self._engine = create_async_engine(url.set(drivername="postgresql+asyncpg"), pool_pre_ping=True)
        except ImportError:
            raise ConfigError("PostgreSQL needs asyncpg: pip install asyncpg") from None
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def prepare(self) -> None:
        """Create the tables that do not exist yet."""
        await self.write(SQLModel.metadata.create_all)

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run on one snapshot."""
        async with self._reading.begin() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run at the default isolation: after the row lock, every statement sees the latest commit."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(transaction, *args, **kwargs)

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()
