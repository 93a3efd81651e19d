"""A conversation of three people that asks a server for nearly everything, through a relay that watches it."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import jwt
from websockets.asyncio.client import connect

from conformance.engine.observe.observer import Observer
from conformance.engine.observe.relay import Relay
from conformance.engine.observe.side import Upstream
from conformance.target.embedded import embedded

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from conformance.spec import Spec
    from conformance.target.embedded import Launch

SINCE = "2020-01-01T00:00:00Z"
PATIENCE = 60.0
"""Seconds for what a wrong server may never send."""


@dataclass
class Person:
    """A connection, and everything that it got."""

    id: str
    socket: ClientConnection
    got: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    async def ask(self, kind: str, **fields: Any) -> None:
        """Send a request, and read on to the Pong behind it."""
        self.tell(kind, **fields)
        await self.catch_up()

    def tell(self, kind: str, **fields: Any) -> None:
        """Send a request with the next ones, in one go."""
        self.waiting.append(json.dumps({"type": kind, **fields}))

    async def catch_up(self) -> None:
        """Send what waits, and read until a Pong comes."""
        for text in (*self.waiting, '{"type": "Ping"}'):
            await self.socket.send(text)
        self.waiting.clear()
        async with asyncio.timeout(PATIENCE):
            async for message in self.socket:
                self.got.append(json.loads(message))
                if self.got[-1]["type"] == "Pong":
                    break

    def last(self, kind: str, key: str) -> Any:
        """Give a field of the latest frame of a type."""
        return next((one[key] for one in reversed(self.got) if one["type"] == kind and key in one), str(uuid4()))


async def converse(spec: Spec, launch: Launch, **options: Any) -> Observer:
    """Start a server, let three people talk through a relay, and give what it has observed."""
    async with embedded(spec, launch) as (target, server):
        observer = Observer(spec, **options)
        relay = Relay(Upstream(target.instances[0], None), observer, keep=lambda _: None, trouble=print)
        host, port = await relay.start("127.0.0.1", 0)
        try:
            await _talk(f"ws://{host}:{port}/", target.instances[0], server.secret)
        except (TimeoutError, ValueError, OSError):
            pass  # A wrong server says nothing, or nonsense: what passed has been observed.
        finally:
            await relay.stop()
    return observer


async def _talk(url: str, direct: str, secret: str) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    now = int(time.time())
    tokens = [jwt.encode({"sub": one, "username": "x", "iat": now, "exp": now + 600}, secret, "HS256") for one in ids]
    room = await _room(direct, tokens[0], ids[1])
    async with AsyncExitStack() as stack:

        async def enter(number: int) -> Person:
            socket = await stack.enter_async_context(connect(f"{url}?token={tokens[number]}"))
            return Person(ids[number], socket)

        alice, bob, phone, carol = [await enter(number) for number in (0, 1, 1, 2)]
        for one in (alice, bob, phone, carol):
            await one.ask("JoinConversation", conversation_id=room)
        await _messages(alice, bob, phone, carol, room)
        await _pages(alice, bob, room)
        await _calls(alice, bob, phone, room)
        await _leaving(alice, bob, room)
        for one in (alice, bob, phone, carol):
            await one.catch_up()


async def _room(direct: str, token: str, member: str) -> str:
    api = direct.replace("ws://", "http://").removesuffix("/ws")
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{api}/api/v1/conversations",
            json={"members": [{"user_id": member, "role": "member"}]},
            headers={"Authorization": f"Bearer {token}"},
        )
    return str(answer.json()["conversation_id"])


async def _messages(alice: Person, bob: Person, phone: Person, carol: Person, room: str) -> None:
    for number in range(12):
        (alice, bob)[number % 2].tell("SendMessage", conversation_id=room, content=f"message {number} \U0001f44b")
    alice.tell("Typing", conversation_id=room, is_typing=True)
    await asyncio.gather(alice.catch_up(), bob.catch_up())
    await alice.ask("SendMessage", conversation_id=room, content="the last one")
    await bob.catch_up()
    last = bob.last("NewMessage", "message_id")
    this = {"conversation_id": room, "message_id": last}
    await bob.ask("MarkAsRead", **this)
    await bob.ask("MarkAsRead", **this)
    await bob.ask("Delivered", **this)
    for emoji in ("\U0001f44d", "\u2764\ufe0f", "\U0001f44d"):
        await bob.ask("AddReaction", **this, emoji=emoji)
    await bob.ask("RemoveReaction", **this, emoji="\U0001f44d")
    await alice.ask("EditMessage", **this, content="the very last one")
    await bob.ask("EditMessage", **this, content="not mine")
    await carol.ask("SendMessage", conversation_id=room, content="may I?")
    await carol.ask("FetchHistory", conversation_id=room)
    await alice.ask("SendMessage", conversation_id=room)
    await alice.ask("SendMessage", conversation_id=room, content="x" * 5000)
    await alice.ask("NoSuchType")
    await bob.ask("SendMessage", conversation_id=room, content="to be deleted")
    await bob.ask("DeleteMessage", conversation_id=room, message_id=bob.last("NewMessage", "message_id"))
    await bob.ask("DeleteMessage", conversation_id=room, message_id=bob.last("NewMessage", "message_id"))
    await asyncio.gather(alice.catch_up(), phone.catch_up(), carol.catch_up())


async def _pages(alice: Person, bob: Person, room: str) -> None:
    await alice.ask("FetchHistory", conversation_id=room)
    await bob.ask("FetchHistory", conversation_id=room, limit=3)
    for _ in range(3):
        await bob.ask("FetchHistory", conversation_id=room, limit=3, cursor=bob.last("HistoryChunk", "next_cursor"))
    await bob.ask("SearchMessages", conversation_id=room, query="MESSAGE", limit=5, offset=2)
    await alice.ask("SearchMessages", conversation_id=room, query="deleted")
    await alice.ask("SyncMessages", conversation_id=room, since=SINCE)
    await bob.ask("SyncMessages", conversation_id=room, since=SINCE, limit=4)
    for _ in range(20):
        alice.tell("FetchHistory", conversation_id=room, limit=1)
        alice.tell("Typing", conversation_id=room, is_typing=False)
        alice.tell("JoinConversation", conversation_id=room)
    await alice.catch_up()


async def _calls(alice: Person, bob: Person, phone: Person, room: str) -> None:
    to_bob = {"conversation_id": room, "target_user_id": bob.id}
    to_alice = {"conversation_id": room, "target_user_id": alice.id}
    await alice.ask("CallOffer", **to_bob, sdp="v=0\r\n", call_type="audio")
    await alice.ask("ICECandidate", **to_bob, candidate="candidate:1", sdp_mid="0", sdp_mline_index=0)
    await bob.ask("CallAnswer", **to_alice, sdp="v=0\r\n")
    await bob.ask("CallHangup", **to_alice)
    await alice.ask("CallOffer", **to_bob, sdp="v=1\r\n")
    await bob.ask("CallReject", **to_alice)
    await phone.catch_up()


async def _leaving(alice: Person, bob: Person, room: str) -> None:
    await bob.ask("LeaveConversation", conversation_id=room)
    await alice.ask("SendMessage", conversation_id=room, content="are you there?")
    await bob.ask("JoinConversation", conversation_id=room)
    await alice.ask("SendMessage", conversation_id=room, content="here you are")
    await bob.catch_up()
