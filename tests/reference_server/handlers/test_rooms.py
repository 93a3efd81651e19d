from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from tests.reference_server.support import Chat, Client


class TestJoinConversation:
    async def test_twice_is_once(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        await bob.ask("JoinConversation", conversation_id=lobby)
        await alice.say(lobby, "hello")
        assert await bob.types() == ["NewMessage"]

    async def test_gives_an_outsider_the_same_answer_as_for_nothing(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice)
        refused = await bob.ask("JoinConversation", conversation_id=lobby)
        assert refused["code"] == "not_found"
        assert refused == await bob.ask("JoinConversation", conversation_id=uuid4())
        await alice.say(lobby, "hello")
        assert await bob.events() == []

    async def test_makes_an_outsider_of_a_public_conversation_a_member(self, chat: Chat, alice: Client, bob: Client):
        square = await chat.conversation(alice, visibility="public")
        assert (await bob.ask("FetchHistory", conversation_id=square))["code"] == "forbidden"
        assert (await bob.ask("JoinConversation", conversation_id=square))["action"] == "joined_conversation"
        await bob.say(square, "hello")
        assert await alice.types() == ["NewMessage"]

    async def test_refuses_the_banned(self, chat: Chat, alice: Client, bob: Client):
        for visibility in ("private", "public"):
            lobby = await chat.conversation(alice, roles={bob.user_id: "banned"}, visibility=visibility)
            assert (await bob.ask("JoinConversation", conversation_id=lobby))["code"] == "not_found"

    async def test_leaves_no_gap_between_history_and_live_events(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, roles={bob.user_id: "member"})

        async def write() -> list[str]:
            return [(await alice.say(lobby, str(number)))["message_id"] for number in range(40)]

        writing = asyncio.create_task(write())
        await some_round_trips(bob)
        await bob.ask("JoinConversation", conversation_id=lobby)
        past = (await bob.ask("FetchHistory", conversation_id=lobby))["messages"]
        written = await writing
        seen = {message["message_id"] for message in past + await bob.events()}
        assert seen == set(written)


async def some_round_trips(client: Client) -> None:
    for _ in range(10):
        await client.ask("Ping")


class TestLeaveConversation:
    async def test_ends_the_events_of_this_connection_only(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        phone = await chat.connect(bob.user_id)
        await phone.ask("JoinConversation", conversation_id=lobby)
        assert (await bob.ask("LeaveConversation", conversation_id=lobby))["action"] == "left_conversation"
        await alice.say(lobby, "hello")
        assert await bob.events() == []
        assert await phone.types() == ["NewMessage"]

    async def test_is_always_confirmed(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice)
        for conversation_id in (lobby, lobby, uuid4()):
            reply = await bob.ask("LeaveConversation", conversation_id=conversation_id)
            assert reply["action"] == "left_conversation"

    async def test_keeps_the_membership(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        await alice.ask("LeaveConversation", conversation_id=lobby)
        assert (await alice.ask("FetchHistory", conversation_id=lobby))["type"] == "HistoryChunk"
