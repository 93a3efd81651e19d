from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server.database import Database, open_database
from reference_server.permissions import Right, Role, Visibility
from reference_server.store import conversations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy import Connection

ALICE, BOB, CAROL = uuid4(), uuid4(), uuid4()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:///{tmp_path}/chat.db")
    await database.prepare()
    yield database
    await database.close()


@pytest.fixture
async def lobby(database: Database) -> UUID:
    members = {ALICE: Role.MEMBER, BOB: Role.BANNED, CAROL: Role.READER}
    return await database.write(conversations.create, None, Visibility.PRIVATE, members)


def stamp(connection: Connection, conversation_id: UUID) -> datetime:
    """Take a stamp, as every change does."""
    taken = conversations.acquire(connection, conversation_id, ALICE, Right.SEND)
    conversations.advance(connection, conversation_id, taken)
    return taken


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
