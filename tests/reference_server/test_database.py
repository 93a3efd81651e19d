from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text

from reference_server.config import ConfigError
from reference_server.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:///{tmp_path}/chat.db")
    await database.prepare()
    await database.write(lambda connection: connection.execute(text("CREATE TABLE counter (value INTEGER)")))
    await database.write(lambda connection: connection.execute(text("INSERT INTO counter VALUES (0)")))
    yield database
    await database.close()


def value(connection: Connection) -> int:
    return connection.execute(text("SELECT value FROM counter")).scalar_one()


def increment(connection: Connection) -> int:
    """Read, then write what was read and one more."""
    new = value(connection) + 1
    connection.execute(text("UPDATE counter SET value = :new"), {"new": new})
    return new


class TestSqlite:
    async def test_takes_writers_one_after_the_other(self, database: Database):
        results = await asyncio.gather(*(database.write(increment) for _ in range(50)))
        assert results == list(range(1, 51))

    async def test_lets_two_processes_take_turns(self, database: Database, tmp_path: Path):
        other = open_database(f"sqlite:///{tmp_path}/chat.db")
        results = await asyncio.gather(*(each.write(increment) for _ in range(50) for each in (database, other)))
        await other.close()
        assert sorted(results) == list(range(1, 101))

    async def test_rolls_back_what_fails(self, database: Database):
        def fail(connection: Connection) -> None:
            increment(connection)
            raise LookupError

        with pytest.raises(LookupError):
            await database.write(fail)
        assert await database.read(value) == 0

    async def test_reads_while_somebody_writes(self, database: Database, tmp_path: Path):
        writer = sqlite3.connect(tmp_path / "chat.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE counter SET value = 7")
        assert await database.read(value) == 0
        writer.execute("COMMIT")
        writer.close()
        assert await database.read(value) == 7


class TestOpenDatabase:
    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", ""])
    def test_refuses_what_it_cannot_use(self, url: str):
        with pytest.raises(ConfigError):
            open_database(url)

    async def test_takes_postgresql_by_its_usual_names(self):
        for url in ("postgresql://u@h/d", "postgresql+asyncpg://u@h/d"):
            await open_database(url).close()
