from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from reference_server.database import Database, open_database
from reference_server.errors import Refused
from reference_server.permissions import Right, Role, Visibility
from reference_server.store import conversations

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALICE, BOB, CAROL = uuid4(), uuid4(), uuid4()


@pytest.fixture
async def lobby(database: Database) -> UUID:
    members = {ALICE: Role.MEMBER, BOB: Role.BANNED, CAROL: Role.READER}
    return await database.write(conversations.create, None, Visibility.PRIVATE, members)


def stamp(connection: Connection, conversation_id: UUID) -> datetime:
    """Take a stamp, as every change does."""
    taken = conversations.acquire(connection, conversation_id, ALICE, Right.SEND)
    conversations.advance(connection, conversation_id, taken)
    return taken


def somebody_waits(connection: Connection) -> bool:
    return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


class TestStamps:
    @pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1)], ids=["stands still", "goes back"])
    async def test_increase_though_the_clock_does_not(
        self, database: Database, lobby: UUID, monkeypatch: pytest.MonkeyPatch, step: timedelta
    ):
        clock = [datetime.now(UTC) + timedelta(days=1)]

        def now() -> datetime:
            clock[0] += step
            return clock[0]

        monkeypatch.setattr(conversations, "now", now)
        stamps = [await database.write(stamp, lobby) for _ in range(5)]
        assert [later - earlier for earlier, later in itertools.pairwise(stamps)] == [timedelta(microseconds=1)] * 4

    async def test_are_unique_and_in_the_order_of_commits_across_processes(
        self, database: Database, database_url: str, lobby: UUID
    ):
        other = open_database(database_url)
        committed: list[datetime] = []

        async def take(each: Database) -> None:
            committed.append(await each.write(stamp, lobby))

        await asyncio.gather(*(take(each) for _ in range(20) for each in (database, other)))
        await other.close()
        assert len(set(committed)) == 40
        assert await database.read(lambda connection: conversations.lock(connection, lobby, ALICE)[1]) > max(committed)


class TestAcquire:
    async def test_sees_a_role_that_changed_while_it_waited(self, database: Database, database_url: str, lobby: UUID):
        """Whoever gets the lock after a ban is refused, though the request began before it."""
        engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as admin:
            conversations.set_role(admin, lobby, ALICE, Role.BANNED)
            conversations.acquire(admin, lobby, CAROL, Right.READ)
            request = asyncio.create_task(database.write(stamp, lobby))
            while "postgresql" in database_url and not await database.read(somebody_waits):
                pass
            admin.commit()
        engine.dispose()
        with pytest.raises(Refused):
            await request


class TestCompanions:
    async def test_are_those_who_share_a_conversation_and_are_not_banned(self, database: Database, lobby: UUID):
        assert await database.read(conversations.companions, ALICE) == [CAROL]
        assert await database.read(conversations.companions, BOB) == []
        assert await database.read(conversations.companions, uuid4()) == []


class TestConversationsOf:
    async def test_leaves_out_where_one_is_banned(self, database: Database, lobby: UUID):
        assert await database.read(conversations.conversations_of, BOB) == []
        [mine] = await database.read(conversations.conversations_of, ALICE)
        assert (mine.conversation_id, mine.role) == (lobby, "member")


class TestRoles:
    async def test_are_given_changed_and_taken(self, database: Database, lobby: UUID):
        async def role() -> Role | None:
            return (await database.read(conversations.membership, lobby, dave)).role

        dave = uuid4()
        found = [await role()]
        for given in (Role.MEMBER, Role.OWNER):
            await database.write(conversations.set_role, lobby, dave, given)
            found.append(await role())
        await database.write(conversations.remove_member, lobby, dave)
        assert [*found, await role()] == [None, Role.MEMBER, Role.OWNER, None]

    async def test_say_whether_somebody_else_owns_the_conversation(self, database: Database, lobby: UUID):
        await database.write(conversations.set_role, lobby, CAROL, Role.OWNER)
        assert await database.read(conversations.has_another_owner, lobby, ALICE)
        assert not await database.read(conversations.has_another_owner, lobby, CAROL)
