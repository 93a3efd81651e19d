from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server.permissions import Right, Role, Visibility
from reference_server.store import conversations, messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reference_server.database import Database

ALICE = uuid4()
ODD = [
    *["100%", "a_b", "back\\slash", "'; DROP TABLE message; --", "Straße", "ΣΊΣΥΦΟΣ", "ﬁne"],
    *["e\u0301te\u0301", "👩\u200d👩\u200d👧", "\u202eright", "\x01\x7f"],
]


@pytest.fixture
async def lobby(database: Database) -> UUID:
    return await database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})


def say(connection: Connection, conversation_id: UUID, content: str) -> messages.StoredMessage:
    stamp = conversations.acquire(connection, conversation_id, ALICE, Right.SEND)
    file = {"url": "https://x/y", "filename": content, "size": 2**53, "duration": 0.1}
    return messages.add(connection, conversation_id, ALICE, stamp, content=content, parent_id=None, attachments=[file])


class TestAdd:
    @pytest.mark.parametrize("content", ODD)
    async def test_keeps_every_text_and_number_as_it_is(self, database: Database, lobby: UUID, content: str):
        said = await database.write(say, lobby, content)
        assert await database.read(messages.history, lobby, None, 10) == [said]
        assert said.content == said.attachments[0]["filename"] == content


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("%", ["100%"]),
            ("_", ["a_b"]),
            ("\\", ["back\\slash"]),
            ("STRASSE", ["Straße"]),
            ("σίσυφος", ["ΣΊΣΥΦΟΣ"]),
            ("FI", ["ﬁne"]),
            ("Été", ["e\u0301te\u0301"]),
            ("👩\u200d👧", ["👩\u200d👩\u200d👧"]),
            ("'", ["'; DROP TABLE message; --"]),
            ("s", ["'; DROP TABLE message; --", "Straße", "back\\slash"]),
            ("nowhere", []),
            ("drop table", ["'; DROP TABLE message; --"]),
            ('table" OR "a', []),
            ("100%", ["100%"]),
            ("k\\sl", ["back\\slash"]),
            ("ίσυ", ["ΣΊΣΥΦΟΣ"]),
        ],
    )
    async def test_takes_every_character_for_itself_whatever_its_case(
        self, database: Database, lobby: UUID, query: str, found: list[str], monkeypatch: pytest.MonkeyPatch
    ):
        for content in ODD:
            await database.write(say, lobby, content)
        for few in (1000, 0):  # without the index, and with it
            monkeypatch.setattr(messages, "FEW", few)
            page, total = await database.read(messages.search, lobby, query, 10, 0)
            assert sorted(message.content for message in page) == sorted(found)
            assert total == len(found)

    async def test_gives_pages_with_the_newest_first(self, database: Database, lobby: UUID):
        said = [await database.write(say, lobby, f"hello {number}") for number in range(5)]
        page, total = await database.read(messages.search, lobby, "HELLO", 2, 1)
        assert (page, total) == ([said[3], said[2]], 5)

    async def test_follows_edits_and_deletions_and_stays_in_the_conversation(
        self, database: Database, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(messages, "FEW", 0)
        other = await database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})
        await database.write(say, other, "needle elsewhere")
        edited, deleted, kept = [await database.write(say, lobby, f"needle {number}") for number in range(3)]

        def change(connection: Connection) -> None:
            messages.edit(connection, edited, "thread", conversations.acquire(connection, lobby, ALICE, Right.SEND))
            messages.delete(connection, deleted, conversations.acquire(connection, lobby, ALICE, Right.SEND))

        await database.write(change)
        assert await database.read(messages.search, lobby, "NEEDLE", 10, 0) == ([kept], 1)
        [found], total = await database.read(messages.search, lobby, "hrea", 10, 0)
        assert (found.message_id, total) == (edited.message_id, 1)


class TestChanges:
    async def test_come_in_the_order_of_the_last_change_with_tombstones(self, database: Database, lobby: UUID):
        first, second = [await database.write(say, lobby, content) for content in ("first", "second")]

        def delete(connection: Connection) -> messages.StoredMessage:
            return messages.delete(connection, first, conversations.acquire(connection, lobby, ALICE, Right.SEND))

        gone = await database.write(delete)
        assert await database.read(messages.changes, lobby, first.created_at, 10) == [second, gone]
