from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from reference_server.database import open_database
from reference_server.models import CONVERSATIONS, MESSAGES
from reference_server.permissions import Role, Visibility
from reference_server.store import conversations, many, messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reference_server.database import Database

ALICE, BOB, STRANGER = uuid4(), uuid4(), uuid4()


@pytest.fixture
async def lobby(database: Database) -> UUID:
    members = {ALICE: Role.OWNER, BOB: Role.READER}
    return await database.write(conversations.create, None, Visibility.PRIVATE, members)


def write_messages(connection: Connection, lobby: UUID, number: int) -> list[messages.StoredMessage]:
    """Write messages at once, a second apart, each second one an answer with a file; give them, the newest first."""
    now = conversations.now()
    written = [
        messages.StoredMessage(
            uuid4(),
            lobby,
            ALICE,
            f"needle {index}",
            uuid4() if index % 2 else None,
            [{"url": "https://x/y", "size": 2**53}] if index % 2 else [],
            now + timedelta(seconds=index),
            now + timedelta(seconds=index),
        )
        for index in range(number)
    ]
    rows = [
        {
            "id": one.message_id,
            "conversation_id": lobby,
            "sender_id": ALICE,
            "content": one.content,
            "folded": one.content,
            "parent_id": one.parent_message_id,
            "attachments": one.attachments,
            "created_at": one.created_at,
            "changed_at": one.changed_at,
            "edited_at": None,
            "deleted_at": None,
        }
        for one in written
    ]
    ends = {lobby: written[-1].created_at} if written else {}
    many.write(connection, MESSAGES, rows, CONVERSATIONS.c.last_stamp, ends)
    return written[::-1]


class TestWrite:
    @pytest.mark.parametrize("number", [0, 1, 203])
    async def test_keeps_every_value_and_the_last_stamp(self, database: Database, lobby: UUID, number: int):
        written = await database.write(write_messages, lobby, number)
        assert await database.read(messages.history, lobby, None, 1000) == written
        known = await database.write(many.lock, [(lobby, None)])
        assert not written or known.conversations[lobby][1] == written[0].created_at

    async def test_writes_what_search_finds(self, database: Database, lobby: UUID, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(messages, "FEW", 0)  # with the index
        written = await database.write(write_messages, lobby, 203)
        _, total = await database.read(messages.search, lobby, "needle 20", 10, 0)
        assert total == len([one for one in written if "needle 20" in one.content])

    async def test_sets_a_column_where_there_is_nothing_to_insert(self, database: Database, lobby: UUID):
        await database.write(many.write, MESSAGES, [], CONVERSATIONS.c.position, {lobby: 7})
        known = await database.write(many.lock, [(lobby, None)])
        assert known.conversations[lobby][2] == 7


class TestLock:
    async def test_tells_roles_strangers_and_what_does_not_exist(self, database: Database, lobby: UUID):
        nowhere = uuid4()
        asked = [(lobby, ALICE), (lobby, BOB), (lobby, STRANGER), (nowhere, ALICE), (lobby, None)]
        known = await database.write(many.lock, asked)
        assert known.conversations.keys() == {lobby}
        assert known.conversations[lobby][0] == Visibility.PRIVATE.value
        roles = {(lobby, ALICE): "owner", (lobby, BOB): "reader", (lobby, STRANGER): None, (nowhere, ALICE): None}
        assert known.roles == roles


async def test_looks_up_roles_one_by_one_however_many_members_there_are(empty_postgresql: str):
    """A plan that reads the whole table takes a hundred times as long."""
    database = open_database(empty_postgresql)
    await database.prepare()
    place = await database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})
    crowd = text(
        "INSERT INTO membership (conversation_id, user_id, role) "
        "SELECT :place, gen_random_uuid(), 'member' FROM generate_series(1, 5000)"
    )
    await database.write(lambda connection: connection.execute(crowd, {"place": place}))
    asked = [place] * 256, [uuid4() for _ in range(256)]
    plan = await database.read(
        lambda connection: [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {many._ROLES}", asked)]
    )
    await database.close()
    assert [line for line in plan if "Seq Scan" in line] == []
