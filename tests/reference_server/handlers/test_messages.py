from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.reference_server.support import Chat, Client

ATTACHMENT = {
    "url": "https://files.example/cat.png?size=1",
    "filename": "cat ünïcode.png",
    "content_type": "image/png",
    "size": 100 * 1024 * 1024,
    "width": 640,
    "height": 480,
    "duration": 1.5,
}


class TestSendMessage:
    @pytest.mark.parametrize(
        "content", ["a\r\nb", "👩‍👩‍👧‍👦", "שלום", "𝒳", "<b>&amp;</b>", " padded ", "x" * 4000, "😀" * 4000]
    )
    async def test_reaches_everybody_who_has_joined_as_it_was_sent(
        self, chat: Chat, alice: Client, bob: Client, content: str
    ):
        lobby = await chat.conversation(alice, bob)
        sent = await alice.say(lobby, content)
        assert sent["content"] == content
        assert sent["sender_id"] == str(alice.user_id)
        assert await bob.events() == [sent]

    async def test_reaches_nobody_else(self, chat: Chat, alice: Client, bob: Client, carol: Client):
        lobby = await chat.conversation(alice, roles={bob.user_id: "member"})
        await alice.say(lobby, "hello")
        assert await bob.events() == []
        assert await carol.events() == []

    async def test_takes_the_sender_from_the_token(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice)
        sent = await alice.say(lobby, "hello", sender_id=bob.user_id, user_id=bob.user_id)
        assert sent["sender_id"] == str(alice.user_id)

    @pytest.mark.parametrize("content", ["", " \t\r\n", "x" * 4001, "nul\0"])
    async def test_refuses_content_that_says_nothing_or_too_much(
        self, chat: Chat, alice: Client, bob: Client, content: str
    ):
        lobby = await chat.conversation(alice, bob)
        reply = await alice.ask("SendMessage", conversation_id=lobby, content=content)
        assert reply["code"] in {"invalid_message", "too_large"}
        assert await bob.events() == []
        assert (await alice.ask("FetchHistory", conversation_id=lobby))["messages"] == []

    async def test_keeps_a_parent_of_the_same_conversation(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        parent = await alice.say(lobby, "question")
        answer = await alice.say(lobby, "answer", parent_message_id=parent["message_id"])
        assert answer["parent_message_id"] == parent["message_id"]

    async def test_refuses_a_parent_that_is_unknown_deleted_or_elsewhere(self, chat: Chat, alice: Client):
        lobby, other = await chat.conversation(alice), await chat.conversation(alice)
        elsewhere, deleted = await alice.say(other, "elsewhere"), await alice.say(lobby, "deleted")
        await alice.ask("DeleteMessage", conversation_id=lobby, message_id=deleted["message_id"])
        for parent in (str(uuid4()), elsewhere["message_id"], deleted["message_id"]):
            reply = await alice.ask("SendMessage", conversation_id=lobby, content="reply", parent_message_id=parent)
            assert reply["code"] == "not_found"

    async def test_makes_two_messages_of_two_equal_ones(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        first, second = await alice.say(lobby, "same"), await alice.say(lobby, "same")
        assert first["message_id"] != second["message_id"]

    async def test_keeps_attachments_unchanged_everywhere(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        sent = await alice.say(lobby, "", attachments=[ATTACHMENT])
        assert sent["attachments"] == [ATTACHMENT]
        [stored] = (await bob.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert stored["attachments"] == [ATTACHMENT]

    async def test_refuses_an_attachment_that_is_not_acceptable(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        reply = await alice.ask(
            "SendMessage", conversation_id=lobby, content="look", attachments=[ATTACHMENT | {"size": 0}]
        )
        assert reply["code"] == "invalid_message"


class TestEditMessage:
    async def test_shows_the_new_content_to_everybody(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        before = await alice.say(lobby, "before")
        await alice.ask("EditMessage", conversation_id=lobby, message_id=before["message_id"], content="after")
        [_, edited] = await bob.events()
        assert (edited["type"], edited["content"]) == ("MessageEdited", "after")
        [stored] = (await bob.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert stored["edited_at"] == edited["edited_at"]
        assert stored["created_at"] == before["created_at"]

    async def test_is_for_the_author_only(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob, roles={bob.user_id: "owner"})
        message = await alice.say(lobby, "mine")
        await bob.events()
        reply = await bob.ask("EditMessage", conversation_id=lobby, message_id=message["message_id"], content="forged")
        assert reply["code"] == "forbidden"
        assert await alice.events() == []

    async def test_refuses_a_message_that_is_unknown_deleted_or_elsewhere(self, chat: Chat, alice: Client):
        lobby, other = await chat.conversation(alice), await chat.conversation(alice)
        elsewhere, deleted = await alice.say(other, "elsewhere"), await alice.say(lobby, "deleted")
        await alice.ask("DeleteMessage", conversation_id=lobby, message_id=deleted["message_id"])
        for message_id in (str(uuid4()), elsewhere["message_id"], deleted["message_id"]):
            reply = await alice.ask("EditMessage", conversation_id=lobby, message_id=message_id, content="x")
            assert reply["code"] == "not_found"

    async def test_may_empty_a_message_that_has_an_attachment(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        plain, rich = await alice.say(lobby, "plain"), await alice.say(lobby, "rich", attachments=[ATTACHMENT])
        reply = await alice.ask("EditMessage", conversation_id=lobby, message_id=plain["message_id"], content="")
        assert reply["code"] == "invalid_message"
        reply = await alice.ask("EditMessage", conversation_id=lobby, message_id=rich["message_id"], content="")
        assert reply["action"] == "message_edited"


class TestDeleteMessage:
    async def test_hides_the_message_and_leaves_a_tombstone(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        message = await alice.say(lobby, "secret", attachments=[ATTACHMENT])
        await alice.ask("DeleteMessage", conversation_id=lobby, message_id=message["message_id"])
        [_, deleted] = await bob.events()
        assert (deleted["type"], deleted["deleted_by"]) == ("MessageDeleted", str(alice.user_id))
        assert (await bob.ask("FetchHistory", conversation_id=lobby))["messages"] == []
        assert (await bob.ask("SearchMessages", conversation_id=lobby, query="secret"))["total"] == 0
        chunk = await bob.ask("SyncMessages", conversation_id=lobby, since="2000-01-01T00:00:00Z")
        [tombstone] = chunk["messages"]
        assert (tombstone["content"], tombstone["attachments"]) == ("", [])
        assert tombstone["deleted_at"] == deleted["deleted_at"] == chunk["next_since"]

    async def test_is_for_the_author_and_for_moderators(self, chat: Chat, alice: Client, bob: Client, carol: Client):
        lobby = await chat.conversation(alice, bob, carol, roles={carol.user_id: "moderator"})
        message = await alice.say(lobby, "mine")
        named = {"conversation_id": lobby, "message_id": message["message_id"]}
        assert (await bob.ask("DeleteMessage", **named))["code"] == "forbidden"
        assert (await carol.ask("DeleteMessage", **named))["action"] == "message_deleted"

    async def test_happens_once(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        message = await alice.say(lobby, "once")
        named = {"conversation_id": lobby, "message_id": message["message_id"]}
        await alice.ask("DeleteMessage", **named)
        assert (await alice.ask("DeleteMessage", **named))["code"] == "not_found"
        assert await bob.types() == ["NewMessage", "MessageDeleted"]

    async def test_ends_everything_else_that_can_be_done_with_a_message(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        message = await alice.say(lobby, "gone")
        named = {"conversation_id": lobby, "message_id": message["message_id"]}
        await alice.ask("DeleteMessage", **named)
        for request in ("MarkAsRead", "Delivered", "AddReaction", "RemoveReaction"):
            assert (await alice.ask(request, **named, emoji="👍"))["code"] == "not_found"
