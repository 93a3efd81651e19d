from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.reference_server.support import Chat, Client


class TestTyping:
    async def test_is_told_to_the_others_until_it_expires(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        await alice.send("Typing", conversation_id=lobby, is_typing=True)
        started = await bob.event()
        assert started == {
            "type": "UserTyping",
            "conversation_id": str(lobby),
            "user_id": str(alice.user_id),
            "is_typing": True,
        }
        assert await bob.event() == started | {"is_typing": False}
        assert await alice.events() == []

    @pytest.mark.parametrize("end", ["say", "send", "leave", "disconnect"])
    async def test_ends_once_when_the_typist_shows_it(self, chat: Chat, alice: Client, bob: Client, end: str):
        lobby = await chat.conversation(alice, bob)
        await alice.send("Typing", conversation_id=lobby, is_typing=True)
        assert (await bob.event())["is_typing"]
        match end:
            case "say":
                await alice.send("Typing", conversation_id=lobby, is_typing=False)
            case "send":
                await alice.ask("SendMessage", conversation_id=lobby, content="done")
                assert (await bob.event())["type"] == "NewMessage"
            case "leave":
                await alice.ask("LeaveConversation", conversation_id=lobby)
            case _:
                await alice.socket.close()
        assert not (await bob.event())["is_typing"]
        assert await bob.events() == []

    async def test_is_refused_to_outsiders_and_readers(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice)
        assert (await bob.ask("Typing", conversation_id=lobby, is_typing=True))["code"] == "not_found"
        await chat.set_role(lobby, bob.user_id, "reader")
        assert (await bob.ask("Typing", conversation_id=lobby, is_typing=True))["code"] == "forbidden"
        assert await alice.events() == []


class TestMarkAsRead:
    async def test_tells_the_others_once(self, chat: Chat, alice: Client, bob: Client, carol: Client):
        lobby = await chat.conversation(alice, bob, carol)
        older, newer = await alice.say(lobby, "older"), await alice.say(lobby, "newer")
        for message in (newer, newer, older):
            reply = await bob.ask("MarkAsRead", conversation_id=lobby, message_id=message["message_id"])
            assert reply["action"] == "marked_as_read"
        for other in (alice, carol):
            [read] = [event for event in await other.events() if event["type"] == "MessageRead"]
            assert (read["message_id"], read["user_id"]) == (newer["message_id"], str(bob.user_id))
        assert await bob.types() == ["NewMessage", "NewMessage"]

    async def test_refuses_what_is_unknown_or_foreign(self, chat: Chat, alice: Client, bob: Client):
        lobby, other = await chat.conversation(alice, bob), await chat.conversation(alice, bob)
        foreign = await alice.say(other, "elsewhere")
        await bob.events()
        for request in ("MarkAsRead", "Delivered", "AddReaction", "RemoveReaction"):
            for message_id in (foreign["message_id"], uuid4()):
                reply = await bob.ask(request, conversation_id=lobby, message_id=message_id, emoji="👍")
                assert reply["code"] == "not_found"
        assert await alice.events() == []


class TestDelivered:
    async def test_tells_the_sender_once(self, chat: Chat, alice: Client, bob: Client, carol: Client):
        lobby = await chat.conversation(alice, bob, carol)
        message = await alice.say(lobby, "hello")
        for _ in range(2):
            reply = await bob.ask("Delivered", conversation_id=lobby, message_id=message["message_id"])
            assert reply["action"] == "marked_as_delivered"
        [delivered] = await alice.events()
        assert (delivered["type"], delivered["user_id"]) == ("MessageDelivered", str(bob.user_id))
        assert await carol.types() == await bob.types() == ["NewMessage"]

    async def test_of_ones_own_message_is_confirmed_and_not_told(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        message = await alice.say(lobby, "hello")
        reply = await alice.ask("Delivered", conversation_id=lobby, message_id=message["message_id"])
        assert reply["action"] == "marked_as_delivered"
        assert await alice.events() == []


class TestReactions:
    @pytest.mark.parametrize("emoji", ["👍", "👩🏽‍🚀", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
    async def test_survive_byte_for_byte(self, chat: Chat, alice: Client, bob: Client, emoji: str):
        lobby = await chat.conversation(alice, bob)
        message = await alice.say(lobby, "hello")
        named = {"conversation_id": lobby, "message_id": message["message_id"]}
        await bob.ask("AddReaction", **named, emoji=emoji)
        [added] = await alice.events()
        assert (added["type"], added["emoji"]) == ("ReactionAdded", emoji)
        [stored] = (await alice.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert stored["reactions"] == [{"emoji": emoji, "user_ids": [str(bob.user_id)]}]

    async def test_are_a_set(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        message = await alice.say(lobby, "hello")
        named = {"conversation_id": lobby, "message_id": message["message_id"], "emoji": "👍"}
        for request in ("RemoveReaction", "AddReaction", "AddReaction", "RemoveReaction", "RemoveReaction"):
            assert (await bob.ask(request, **named))["success"]
        assert await alice.types() == ["ReactionAdded", "ReactionRemoved"]

    async def test_of_two_users_are_two(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        message = await alice.say(lobby, "hello")
        for client in (bob, alice):
            await client.ask("AddReaction", conversation_id=lobby, message_id=message["message_id"], emoji="👍")
        [stored] = (await alice.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert stored["reactions"] == [{"emoji": "👍", "user_ids": [str(bob.user_id), str(alice.user_id)]}]

    async def test_have_a_limit_per_user_and_message(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        message = await alice.say(lobby, "hello")
        replies = [
            await alice.ask(
                "AddReaction", conversation_id=lobby, message_id=message["message_id"], emoji=chr(0x1F600 + number)
            )
            for number in range(11)
        ]
        assert [reply["type"] for reply in replies] == ["ActionConfirmed"] * 10 + ["Error"]
