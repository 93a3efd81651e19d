from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel

from reference_server.config import ConfigError
from reference_server.database import Database, open_database, schema, search_index
from reference_server.database.upgrading import MIGRATIONS, upgrade
from reference_server.permissions import Role
from reference_server.store import conversations, messages, reactions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PREVIOUS = Path(__file__).with_name("previous")
ALICE = UUID("11111111-1111-4111-8111-111111111111")
LOBBY = UUID("22222222-2222-4222-8222-222222222222")
HELLO = UUID("33333333-3333-4333-8333-333333333333")


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Database]:
    """A database without tables."""
    database = open_database(database_url)
    yield database
    await database.close()


def of_the_previous_version(connection: Connection) -> None:
    """Create the tables as the previous version did, with a conversation, two members, a message and a reaction."""
    for name in (f"{connection.dialect.name}.sql", "data.sql"):
        for statement in (PREVIOUS / name).read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)


def differences(connection: Connection) -> list[object]:
    """Compare the tables with the models; the index for search is no part of them."""

    def is_ours(_item: object, name: str | None, *_: object) -> bool:
        return "message_search" not in (name or "")

    options = {"include_object": is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata))


class TestPrepare:
    async def test_creates_the_tables_of_the_models(self, empty: Database):
        await empty.prepare()
        assert await empty.read(differences) == []

    async def test_changes_nothing_when_there_is_nothing_to_do(self, empty: Database):
        await empty.prepare()
        await empty.write(lambda connection: connection.execute(text("CREATE TABLE mine (value INTEGER)")))
        await empty.prepare()
        assert await empty.read(schema.version) == schema.HEAD
        assert "mine" in await empty.read(lambda connection: inspect(connection).get_table_names())

    async def test_upgrades_the_previous_version_with_its_data(self, empty: Database):
        await empty.write(of_the_previous_version)
        await empty.prepare()
        assert await empty.read(differences) == []
        [message] = await empty.read(messages.history, LOBBY, None, 10)
        assert (message.message_id, message.sender_id, message.content) == (HELLO, ALICE, "Hello, Ünïcode 👋")
        assert message.created_at.isoformat() == "2026-02-03T04:05:06.789012+00:00"
        assert await empty.read(reactions.of_messages, [HELLO]) == {HELLO: {"👍": [ALICE]}}
        assert (await empty.read(conversations.membership, LOBBY, ALICE)).role is Role.OWNER

    async def test_indexes_the_messages_of_the_version_before(self, empty: Database):
        def before(connection: Connection) -> None:
            of_the_previous_version(connection)
            schema.stamp(connection, schema.UNVERSIONED)
            upgrade(connection, "0002")

        await empty.write(before)
        await empty.prepare()
        assert await empty.read(differences) == []
        query = {
            "sqlite": "SELECT count(*) FROM message_search WHERE message_search MATCH '\"ünï\"'",
            "postgresql": "SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_message_search'",
        }[empty.engine]
        assert await empty.read(lambda connection: connection.scalar(text(query))) == 1

    async def test_goes_without_an_index_where_the_engine_has_none(
        self, empty: Database, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(search_index, "_SQLITE", ("CREATE VIRTUAL TABLE x USING unheard_of(y)",))
        monkeypatch.setattr(search_index, "_POSTGRESQL", ("CREATE EXTENSION unheard_of",))
        await empty.prepare()
        assert await empty.read(differences) == []

    async def test_lets_one_of_two_processes_do_the_work(self, empty: Database, database_url: str):
        await empty.write(of_the_previous_version)
        other = open_database(database_url)
        await asyncio.gather(empty.prepare(), other.prepare())
        await other.close()
        assert await empty.read(differences) == []

    async def test_lets_one_of_two_processes_create_the_tables(self, empty: Database, database_url: str):
        other = open_database(database_url)
        await asyncio.gather(empty.prepare(), other.prepare())
        await other.close()
        assert await empty.read(differences) == []

    async def test_refuses_a_later_version_and_changes_nothing(self, empty: Database):
        def of_a_later_version(connection: Connection) -> None:
            of_the_previous_version(connection)
            schema.stamp(connection, "9999")

        await empty.write(of_a_later_version)
        with pytest.raises(ConfigError, match=r"does not know.*9999"):
            await empty.prepare()
        assert await empty.read(schema.version) == "9999"
        assert "journalentry" not in await empty.read(lambda connection: inspect(connection).get_table_names())

    @pytest.mark.parametrize("revision", ["0001", schema.HEAD, "8f3c2a"])
    async def test_refuses_the_tables_of_another_program_that_has_versions(self, empty: Database, revision: str):
        """Also if it counts them as we do."""
        await empty.write(schema.stamp, revision)
        with pytest.raises(ConfigError, match="belongs to another program"):
            await empty.prepare()
        assert await empty.read(lambda connection: inspect(connection).get_table_names()) == ["alembic_version"]


class TestUpgrade:
    async def test_gives_the_tables_that_the_models_describe(self, empty: Database):
        await empty.write(upgrade)
        assert await empty.read(differences) == []

    def test_ends_at_the_version_of_the_models(self):
        assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [schema.HEAD]
