from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from uuid import UUID

    from tests.reference_server.support import Chat, Client

LONG_AGO = "2000-01-01T00:00:00Z"


async def fill(client: Client, conversation_id: UUID, *contents: str) -> list[str]:
    return [(await client.say(conversation_id, content))["message_id"] for content in contents]


async def pages(client: Client, conversation_id: UUID, limit: int) -> list[list[dict[str, Any]]]:
    """Follow next_cursor to the end."""
    found, cursor = [], None
    while True:
        chunk = await client.ask("FetchHistory", conversation_id=conversation_id, cursor=cursor, limit=limit)
        found.append(chunk["messages"])
        cursor = chunk["next_cursor"]
        assert chunk["has_more"] == (cursor is not None)
        if cursor is None:
            return found


class TestFetchHistory:
    async def test_of_an_empty_conversation_is_an_empty_list(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        chunk = await alice.ask("FetchHistory", conversation_id=lobby)
        assert chunk == {
            "type": "HistoryChunk",
            "conversation_id": str(lobby),
            "messages": [],
            "has_more": False,
            "next_cursor": None,
        }

    @pytest.mark.parametrize(("limit", "sizes"), [(3, [3, 3]), (4, [4, 2]), (6, [6]), (7, [6])])
    async def test_pages_from_the_newest_to_the_oldest(self, chat: Chat, alice: Client, limit: int, sizes: list[int]):
        lobby = await chat.conversation(alice)
        written = await fill(alice, lobby, *"abcdef")
        found = await pages(alice, lobby, limit)
        assert [len(page) for page in found] == sizes
        assert [message["message_id"] for page in found for message in page] == written[::-1]

    async def test_repeats_and_loses_nothing_while_others_write(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        written = await fill(alice, lobby, *(str(number) for number in range(12)))
        writing = asyncio.create_task(fill(bob, lobby, *(str(number) for number in range(12))))
        found = [message["message_id"] for page in await pages(alice, lobby, 2) for message in page]
        await writing
        assert len(found) == len(set(found))
        assert [each for each in found if each in written] == written[::-1]

    async def test_says_the_same_as_the_live_event(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        live = await alice.say(lobby, "hello")
        [stored] = (await alice.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert {name: stored[name] for name in live if name != "type"} == {
            name: value for name, value in live.items() if name != "type"
        }

    @pytest.mark.parametrize("limit", [0, -1, "5", 1.5, True])
    async def test_refuses_a_limit_that_is_none(self, chat: Chat, alice: Client, limit: Any):
        lobby = await chat.conversation(alice)
        reply = await alice.ask("FetchHistory", conversation_id=lobby, limit=limit)
        assert reply["code"] == "invalid_message"

    async def test_has_a_default_and_a_maximum_page(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        for _ in range(101):
            await alice.send("SendMessage", conversation_id=lobby, content="x")
        for _ in range(101):
            await alice.reply()
        for limit, size in ((None, 50), (10**30, 100)):
            chunk = await alice.ask("FetchHistory", conversation_id=lobby, limit=limit)
            assert (len(chunk["messages"]), chunk["has_more"]) == (size, True)

    async def test_refuses_a_cursor_that_is_malformed_or_foreign(self, chat: Chat, alice: Client):
        lobby, other = await chat.conversation(alice), await chat.conversation(alice)
        await fill(alice, other, "a", "b")
        foreign = (await alice.ask("FetchHistory", conversation_id=other, limit=1))["next_cursor"]
        for cursor in (foreign, foreign[:-1], "", "nonsense", "é", "A" * 10_000):
            reply = await alice.ask("FetchHistory", conversation_id=lobby, cursor=cursor)
            assert reply["code"] == "invalid_message"


class TestSearchMessages:
    @pytest.mark.parametrize(
        ("content", "query"),
        [
            ("Hello World", "o wor"),
            ("École", "éCOLE"),
            ("ΟΔΟΣ", "οδος"),
            ("100%", "%"),
            ("a_b", "_"),
            ("back\\slash", "\\"),
            ("'; DROP TABLE message; --", "'; drop"),
            ("ﬁne", "FINE"),
            ("Straße", "STRASSE"),
        ],
    )
    async def test_finds_a_piece_of_text_and_nothing_else(self, chat: Chat, alice: Client, content: str, query: str):
        lobby = await chat.conversation(alice)
        [message_id, _] = await fill(alice, lobby, content, "neutral")
        results = await alice.ask("SearchMessages", conversation_id=lobby, query=query)
        assert [message["message_id"] for message in results["messages"]] == [message_id]
        assert (results["total"], results["query"]) == (1, query)

    async def test_pages_newest_first(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        [_, middle, _] = await fill(alice, lobby, "one x", "two x", "three x")
        results = await alice.ask("SearchMessages", conversation_id=lobby, query="x", limit=1, offset=1)
        assert [message["message_id"] for message in results["messages"]] == [middle]
        assert results["total"] == 3
        beyond = await alice.ask("SearchMessages", conversation_id=lobby, query="x", offset=10**30)
        assert (beyond["messages"], beyond["total"]) == ([], 3)

    async def test_knows_an_edited_message_by_its_new_text_only(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        [message_id] = await fill(alice, lobby, "old")
        await alice.ask("EditMessage", conversation_id=lobby, message_id=message_id, content="new")
        totals = [
            (await alice.ask("SearchMessages", conversation_id=lobby, query=query))["total"] for query in ("old", "new")
        ]
        assert totals == [0, 1]

    @pytest.mark.parametrize("query", ["", "  ", "x" * 257, "nul\0"])
    async def test_refuses_a_query_that_asks_nothing_or_too_much(self, chat: Chat, alice: Client, query: str):
        lobby = await chat.conversation(alice)
        reply = await alice.ask("SearchMessages", conversation_id=lobby, query=query)
        assert reply["code"] in {"invalid_message", "too_large"}

    async def test_refuses_a_negative_offset(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        reply = await alice.ask("SearchMessages", conversation_id=lobby, query="x", offset=-1)
        assert reply["code"] == "invalid_message"


class TestSyncMessages:
    async def test_tells_every_change_in_order_and_after_since(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        ids = await fill(alice, lobby, "edited", "reacted", "deleted", "plain")
        start = await alice.ask("SyncMessages", conversation_id=lobby, since=LONG_AGO)
        assert [message["message_id"] for message in start["messages"]] == ids
        named = [{"conversation_id": lobby, "message_id": message_id} for message_id in ids]
        await alice.ask("DeleteMessage", **named[2])
        await alice.ask("AddReaction", **named[1], emoji="👍")
        await alice.ask("EditMessage", **named[0], content="changed")
        since = await alice.ask("SyncMessages", conversation_id=lobby, since=start["next_since"])
        assert [message["message_id"] for message in since["messages"]] == [ids[2], ids[1], ids[0]]
        deleted, reacted, edited = since["messages"]
        assert deleted["deleted_at"]
        assert reacted["reactions"] == [{"emoji": "👍", "user_ids": [str(alice.user_id)]}]
        assert edited["content"] == "changed"
        end = await alice.ask("SyncMessages", conversation_id=lobby, since=since["next_since"])
        assert (end["messages"], end["has_more"], end["next_since"]) == ([], False, since["next_since"])

    async def test_loses_and_repeats_nothing_while_others_write(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        writing = [
            asyncio.create_task(fill(writer, lobby, *(str(number) for number in range(25)))) for writer in (alice, bob)
        ]
        reader = await chat.connect(alice.user_id)
        since, found = LONG_AGO, []
        while True:
            done = all(task.done() for task in writing)
            chunk = await reader.ask("SyncMessages", conversation_id=lobby, since=since, limit=3)
            found += [message["message_id"] for message in chunk["messages"]]
            since = chunk["next_since"]
            if done and not chunk["has_more"]:
                break
        written = {message_id for task in writing for message_id in await task}
        assert len(found) == len(set(found))
        assert set(found) == written

    async def test_of_the_future_is_empty(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        await fill(alice, lobby, "now")
        chunk = await alice.ask("SyncMessages", conversation_id=lobby, since="2999-01-01T00:00:00+02:00")
        assert (chunk["messages"], chunk["has_more"]) == ([], False)
        assert chunk["next_since"] == "2998-12-31T22:00:00Z"
