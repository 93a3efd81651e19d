from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from reference_server.config import ConfigError
from reference_server.database import Database, open_database, postgresql, sqlite
from tests.survival.cutting import CuttingProxy
from tests.survival.engines import Postgres

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def counter(database: Database) -> Database:
    """A database with a number in it."""
    await database.write(lambda connection: connection.execute(text("CREATE TABLE counter (value INTEGER)")))
    await database.write(lambda connection: connection.execute(text("INSERT INTO counter VALUES (0)")))
    return database


def value(connection: Connection) -> int:
    return connection.execute(text("SELECT value FROM counter")).scalar_one()


def increment(connection: Connection) -> int:
    """Read, then write what was read and one more."""
    new = value(connection) + 1
    connection.execute(text("UPDATE counter SET value = :new"), {"new": new})
    return new


class TestDatabase:
    """What both engines keep."""

    async def test_commits_what_it_returns(self, counter: Database, database_url: str):
        other = open_database(database_url)
        assert await counter.write(increment) == 1
        assert await other.read(value) == 1
        await other.close()

    async def test_rolls_back_what_fails(self, counter: Database):
        def fail(connection: Connection) -> None:
            increment(connection)
            raise LookupError

        with pytest.raises(LookupError):
            await counter.write(fail)
        assert await counter.read(value) == 0

    async def test_reads_one_snapshot_while_somebody_writes(self, counter: Database, database_url: str):
        writer = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
        with writer.connect() as connection:
            connection.execute(text("UPDATE counter SET value = 7"))
            assert await counter.read(value) == 0
            connection.commit()
        writer.dispose()
        assert await counter.read(value) == 7

    @pytest.mark.parametrize("shared", [False, True])
    async def test_can_be_claimed_again_by_those_who_share_it_only(
        self, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, shared: bool
    ):
        monkeypatch.setattr(postgresql, "CLAIM_TRIES", 1)
        assert await database.claim(shared=shared)
        for again in (False, True):
            other = open_database(database_url)
            assert await other.claim(shared=again) is (shared and again)
            await other.close()

    async def test_is_free_when_who_claimed_it_has_closed_it(self, database: Database, database_url: str):
        other = open_database(database_url)
        assert await other.claim(shared=False)
        await other.close()
        assert await database.claim(shared=False)


class TestSqlite:
    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/chat.db"

    async def test_takes_writers_one_after_the_other(self, counter: Database):
        results = await asyncio.gather(*(counter.write(increment) for _ in range(50)))
        assert results == list(range(1, 51))

    @pytest.mark.parametrize(("ending", "found"), [("", 2), ("?synchronous=full", 2), ("?synchronous=normal", 1)])
    async def test_waits_for_the_disk_unless_told_otherwise(self, database_url: str, ending: str, found: int):
        database = open_database(database_url + ending)
        assert await database.write(lambda connection: connection.scalar(text("PRAGMA synchronous"))) == found
        await database.close()

    async def test_lets_two_processes_take_turns(self, counter: Database, database_url: str):
        other = open_database(database_url)
        results = await asyncio.gather(*(each.write(increment) for _ in range(50) for each in (counter, other)))
        await other.close()
        assert sorted(results) == list(range(1, 101))

    async def test_waits_where_sqlite_does_not_for_another_one_that_makes_the_file(
        self, monkeypatch: pytest.MonkeyPatch, database_url: str
    ):
        prepare = sqlite._prepare_sqlite_connection
        locked = sqlite3.OperationalError("database is locked")
        locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
        turns = iter([locked, locked])

        def switch_to_wal(*arguments: Any) -> None:
            if other := next(turns, None):
                raise other
            prepare(*arguments)

        monkeypatch.setattr(sqlite, "_prepare_sqlite_connection", switch_to_wal)
        database = open_database(database_url)
        await database.prepare()
        await database.close()

    async def test_keeps_the_second_file_small_after_a_large_transaction(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(sqlite, "WAL_PAGES", 10)
        monkeypatch.setattr(sqlite, "WAL_BYTES", 40_960)
        database = open_database(f"sqlite:///{tmp_path}/chat.db?synchronous=normal")
        await database.write(lambda connection: connection.execute(text("CREATE TABLE large (value BLOB)")))
        for size in (1_000_000, 1, 1):
            row = {"size": size}
            await database.write(
                lambda connection, row=row: connection.execute(text("INSERT INTO large VALUES (zeroblob(:size))"), row)
            )
        assert (tmp_path / "chat.db-wal").stat().st_size <= 100_000
        await database.close()
        assert not (tmp_path / "chat.db-wal").exists()


class TestOpenDatabase:
    @pytest.mark.parametrize(
        "url",
        [
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///x.db?synchronous=off",
            "sqlite:///x.db?mode=ro",
            "mysql://x/y",
            "nonsense",
            "",
            "postgresql://h:port/d",
        ],
    )
    def test_refuses_what_it_cannot_use(self, url: str):
        with pytest.raises(ConfigError):
            open_database(url)

    async def test_takes_postgresql_by_its_usual_names(self):
        for url in ("postgresql://u@h/d", "postgres://u@h/d", "postgresql+asyncpg://u@h/d"):
            await open_database(url).close()


class TestPostgresql:
    async def test_takes_its_claim_again_when_it_was_cut_off(
        self, empty_postgresql: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(postgresql, "LOOK_S", 0.02)
        monkeypatch.setattr(postgresql, "CLAIM_TRIES", 1)
        database, other = open_database(empty_postgresql), open_database(empty_postgresql)
        assert await database.claim(shared=False)
        holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"

        def cut(connection: Connection) -> int:
            pid: int = connection.scalar(text(holder))
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            return pid

        pid = await other.write(cut)
        async with asyncio.timeout(60):
            found = None
            while found in (None, pid):
                found = await other.read(lambda connection: connection.scalar(text(holder)))
        assert not await other.claim(shared=False)
        await database.close()
        await other.close()

    @pytest.mark.parametrize("fresh", [0.0, 60.0])
    async def test_replaces_connections_that_were_cut_while_nobody_used_them(
        self, empty_postgresql: str, monkeypatch: pytest.MonkeyPatch, fresh: float
    ):
        monkeypatch.setattr(postgresql, "FRESH_S", fresh)
        database, other = open_database(empty_postgresql), open_database(empty_postgresql)

        def pid(connection: Connection) -> int:
            return int(connection.scalar(text("SELECT pg_backend_pid()")))

        first = await database.read(pid)
        assert await database.read(pid) == first
        end = text("SELECT pg_terminate_backend(:pid, 5000)")
        await other.write(lambda connection: connection.execute(end, {"pid": first}))
        assert await database.read(pid) != first
        await database.close()
        await other.close()

    async def test_closes_although_postgresql_does_not_answer(
        self, empty_postgresql: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(postgresql, "CLOSING_S", 0.05)
        monkeypatch.setattr(postgresql, "ANSWER_S", 60.0)
        server = Postgres(empty_postgresql)
        async with CuttingProxy(lambda: asyncio.open_unix_connection(f"{server.socket}/.s.PGSQL.5432")) as proxy:
            database = open_database(server.behind(proxy.port))
            assert await database.claim(shared=False)
            waiting = asyncio.Event()

            def wait(connection: Connection) -> None:
                connection.execute(text("SELECT 1"))
                waiting.set()
                connection.execute(text("SELECT pg_sleep(60)"))

            asked = asyncio.create_task(database.read(wait))
            await waiting.wait()
            proxy.silence()
            async with asyncio.timeout(20):
                await database.close()
                with pytest.raises((DBAPIError, ConnectionAbortedError)):
                    await asked
                with pytest.raises(ConnectionAbortedError):
                    await database.read(wait)
