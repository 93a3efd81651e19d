"""Reactions and receipts, which belong to a message, on each engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server.permissions import Right, Role, Visibility
from reference_server.store import conversations, messages, reactions, receipts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reference_server.database import Database

ALICE, BOB = uuid4(), uuid4()
LATER = timedelta(microseconds=1)
FAMILY, THUMB = "👩\u200d👩\u200d👧", "👍"


def say(connection: Connection) -> messages.StoredMessage:
    lobby = conversations.create(connection, None, Visibility.PRIVATE, {ALICE: Role.OWNER, BOB: Role.MEMBER})
    stamp = conversations.acquire(connection, lobby, ALICE, Right.SEND)
    return messages.add(connection, lobby, ALICE, stamp, content="hello", parent_id=None, attachments=[])


@pytest.fixture
async def hello(database: Database) -> messages.StoredMessage:
    return await database.write(say)


class TestReactions:
    async def test_are_sets_of_users_in_the_order_of_their_reactions(
        self, database: Database, hello: messages.StoredMessage
    ):
        for number, (user_id, emoji) in enumerate(((BOB, FAMILY), (ALICE, THUMB), (ALICE, FAMILY))):
            stamp = hello.created_at + number * LATER
            await database.write(reactions.add, hello.message_id, user_id, emoji, stamp)
        found = await database.read(reactions.of_messages, [hello.message_id, uuid4()])
        assert list(found[hello.message_id].items()) == [(FAMILY, [BOB, ALICE]), (THUMB, [ALICE])]
        assert await database.read(reactions.count, hello.message_id, ALICE) == 2
        assert await database.read(reactions.of_messages, []) == {}

    async def test_are_removed_one_by_one(self, database: Database, hello: messages.StoredMessage):
        for user_id in (ALICE, BOB):
            await database.write(reactions.add, hello.message_id, user_id, THUMB, hello.created_at)
        assert [await database.write(reactions.remove, hello.message_id, ALICE, THUMB) for _ in range(2)] == [
            True,
            False,
        ]
        assert not await database.read(reactions.exists, hello.message_id, ALICE, THUMB)
        assert await database.read(reactions.exists, hello.message_id, BOB, THUMB)


class TestReceipts:
    async def test_a_read_mark_moves_forward_only(self, database: Database, hello: messages.StoredMessage):
        async def read(user_id: UUID, number: int) -> bool:
            until = hello.created_at + number * LATER
            return await database.write(receipts.read_up_to, hello.conversation_id, user_id, until)

        assert [await read(BOB, number) for number in (1, 1, 0, 2)] == [True, False, False, True]
        assert await read(ALICE, 0)

    async def test_a_message_is_delivered_once_to_each(self, database: Database, hello: messages.StoredMessage):
        delivered = [await database.write(receipts.deliver, hello.message_id, user) for user in (BOB, BOB, ALICE)]
        assert delivered == [True, False, True]
