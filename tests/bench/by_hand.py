"""Ten scenarios written as ordinary pytest-asyncio tests would be: the yardstick for what the scenario language costs.

Each checks what its scenario checks: the frames that must come, by field, and a barrier for those that must not. They
do not check schemas, residue, or other clients than the ones they name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect

from conformance.target.accounts import Room as Place
from conformance.target.accounts import Wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AsyncExitStack

    from conformance.target import Target
    from conformance.target.accounts import Provisioner


class Client:
    """A WebSocket that remembers what it has read past."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def receive(self, kind: str, **fields: Any) -> dict[str, Any]:
        while True:
            for frame in self.seen:
                if frame["type"] == kind and all(frame.get(key) == value for key, value in fields.items()):
                    self.seen.remove(frame)
                    return frame
            self.seen.append(json.loads(await self.socket.recv()))

    async def has_none(self, kind: str) -> None:
        await self.send("Ping")
        await self.receive("Pong")
        assert all(frame["type"] != kind for frame in self.seen)


class Room:
    """Some users, connected and joined, and their conversation."""

    def __init__(self, target: Target, provisioner: Provisioner, stack: AsyncExitStack) -> None:
        self.target, self.provisioner, self.stack = target, provisioner, stack
        self.ids: dict[str, str] = {}
        self.conversation = ""

    async def enter(self, *names: str, outsiders: tuple[str, ...] = ()) -> list[Client]:
        users = {name.partition("_")[0] for name in (*names, *outsiders)}
        members = {name: "member" for name in users if name not in outsiders}
        lease = await self.provisioner.lease(Wanted(tuple(users), {"room": Place("private", members)}))
        self.ids = {user: account.id for user, account in lease.accounts.items()}
        self.conversation = lease.conversations["room"]
        clients = []
        for name in (*names, *outsiders):
            user = name.partition("_")[0]
            token = lease.token(user)
            socket = await connect(f"{self.target.instances[0]}?token={token}", compression=None, proxy=None)
            client = Client(await self.stack.enter_async_context(socket))
            await client.receive("ActionConfirmed", action="connected")
            if name not in outsiders:
                await client.send("JoinConversation", conversation_id=self.conversation)
                await client.receive("ActionConfirmed", action="joined_conversation")
            clients.append(client)
        return clients

    async def say(self, client: Client, content: str) -> str:
        await client.send("SendMessage", conversation_id=self.conversation, content=content)
        found: str = (await client.receive("NewMessage", content=content))["message_id"]
        return found

    async def history(self, client: Client) -> list[dict[str, Any]]:
        await client.send("FetchHistory", conversation_id=self.conversation)
        found: list[dict[str, Any]] = (await client.receive("HistoryChunk"))["messages"]
        return found


async def message_is_edited(room: Room) -> None:
    alice, bob = await room.enter("alice", "bob")
    message = await room.say(alice, "first")
    await alice.send("EditMessage", conversation_id=room.conversation, message_id=message, content="second")
    await bob.receive("MessageEdited", message_id=message, content="second")
    assert (await room.history(bob))[0]["content"] == "second"


async def non_author_refused(room: Room) -> None:
    alice, bob, carol = await room.enter("alice", "bob", "carol")
    message = await room.say(alice, "original")
    await carol.receive("NewMessage", message_id=message)
    await bob.send("EditMessage", conversation_id=room.conversation, message_id=message, content="forged")
    await bob.receive("Error")
    await alice.has_none("MessageEdited")
    await carol.has_none("MessageEdited")
    assert (await room.history(carol))[0]["content"] == "original"


async def arrives_once(room: Room) -> None:
    alice, bob, phone = await room.enter("alice", "bob", "bob_phone")
    await room.say(alice, "once")
    for client in (bob, phone):
        await client.receive("NewMessage", content="once", sender_id=room.ids["alice"])
        await client.has_none("NewMessage")


async def outsider_hears_nothing(room: Room) -> None:
    alice, bob, mallory = await room.enter("alice", "bob", outsiders=("mallory",))
    await room.say(alice, "secret")
    await bob.receive("NewMessage", content="secret")
    await mallory.has_none("NewMessage")


async def message_is_deleted(room: Room) -> None:
    alice, bob = await room.enter("alice", "bob")
    message = await room.say(alice, "gone")
    await bob.receive("NewMessage", message_id=message)
    await alice.send("DeleteMessage", conversation_id=room.conversation, message_id=message)
    await bob.receive("MessageDeleted", message_id=message, deleted_by=room.ids["alice"])
    assert await room.history(bob) == []


async def outsider_cannot_join(room: Room) -> None:
    alice, mallory = await room.enter("alice", outsiders=("mallory",))
    await mallory.send("JoinConversation", conversation_id=room.conversation)
    await mallory.receive("Error")
    await room.say(alice, "secret")
    await mallory.has_none("NewMessage")


async def silence_after_leaving(room: Room) -> None:
    alice, bob = await room.enter("alice", "bob")
    await bob.send("LeaveConversation", conversation_id=room.conversation)
    await bob.receive("ActionConfirmed", action="left_conversation")
    await room.say(alice, "without bob")
    await bob.has_none("NewMessage")


async def members_see_reactions(room: Room) -> None:
    alice, bob, phone, carol = await room.enter("alice", "bob", "bob_phone", "carol")
    message = await room.say(alice, "hello")
    for request, event in (("AddReaction", "ReactionAdded"), ("RemoveReaction", "ReactionRemoved")):
        await bob.send(request, conversation_id=room.conversation, message_id=message, emoji="👍")
        for client in (alice, phone, carol):
            await client.receive(event, message_id=message, user_id=room.ids["bob"], emoji="👍")


async def pings_are_answered(room: Room) -> None:
    (alice,) = await room.enter("alice")
    for _ in range(3):
        await alice.send("Ping")
        await alice.receive("Pong")
    await alice.has_none("Pong")


async def call_is_relayed(room: Room) -> None:
    alice, bob, phone, carol = await room.enter("alice", "bob", "bob_phone", "carol")
    await alice.send(
        "CallOffer", conversation_id=room.conversation, target_user_id=room.ids["bob"], sdp="v=0\r\n", call_type="audio"
    )
    for client in (bob, phone):
        await client.receive("CallOffer", from_user_id=room.ids["alice"], sdp="v=0\r\n")
    await carol.has_none("CallOffer")


TESTS: dict[str, Callable[[Room], Awaitable[None]]] = {
    "edit-message.members-see-it": message_is_edited,
    "edit-message.non-author-refused[member]": non_author_refused,
    "send-message.arrives-once": arrives_once,
    "send-message.others-hear-nothing": outsider_hears_nothing,
    "delete-message.members-see-it": message_is_deleted,
    "join-conversation.outsider-refused": outsider_cannot_join,
    "leave-conversation.silence-after-leaving": silence_after_leaving,
    "reactions.members-are-told": members_see_reactions,
    "ping-pong.one-pong-per-ping": pings_are_answered,
    "calls.relayed-to-every-connection-of-the-target[offer]": call_is_relayed,
}
"""The scenario of each function."""
