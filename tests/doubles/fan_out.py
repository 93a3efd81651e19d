"""A small chat server in memory whose way of fanning out, and whose fault, can be chosen.

Everybody is a member of every conversation. It greets, answers `Ping`, joins and leaves, sends messages to whoever has
joined, and gives them back as history.

    ARCHITECTURES    how an event comes to its recipients: in the request itself, through one queue of the server,
                     through a bus that takes a while, or in a task per recipient or per message
    FAULTS           what may be wrong with it; each is one branch below

"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
from websockets.exceptions import ConnectionClosed

from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from websockets.asyncio.server import ServerConnection

ARCHITECTURES = ("in order", "hub task", "bus with delay", "task per recipient", "task per message")
BUS_DELAY = 0.008
"""Seconds that a message spends on the bus."""

JOIN_DELAY = 0.3
"""Seconds until a late join takes effect."""

CONVERSING = ("JoinConversation", "LeaveConversation", "FetchHistory", "SendMessage")

FAULTS = {
    "leak": "events go to connections that have not joined, too",
    "duplicate": "every event comes twice to everybody but its sender",
    "echo twice": "every event comes twice to its sender",
    "drop": "no event comes to anybody but its sender",
    "no confirmations": "nothing is confirmed but the connection",
    "reply lost": "a sent message is not confirmed",
    "confirmed twice": "a sent message is confirmed twice",
    "confirmed everywhere": "a confirmation goes to every connection that has joined",
    "error besides": "a sent message is confirmed, and an Error comes too",
    "wrong order": "two messages come in the wrong order",
    "malformed frame": "the created_at of an event is no instant",
    "wrong history": "the has_more of a history is text",
    "unknown frame": "an event of a type that nobody knows comes with every message",
    "token in a frame": "events hold the sender's token",
    "no greeting": "",
    "other greeting": "",
    "no pong": "",
    "late send": "no fault: a message is handled later than the harness waits for what must come",
    "late pong": "a Pong comes later than the harness waits for what must come",
    "no broadcast": "messages are confirmed and stored, and told to nobody",
    "no id": "the event of a message does not say its id",
    "no sender": "the event of a message does not say who sent it",
    "no sender at times": "every second event of a message does not say who sent it",
    "only others": "no device of a sender gets the event",
    "no errors": "what cannot be understood is answered with nothing",
    "odd errors": "what cannot be understood is answered with a frame without a type",
    "errors close": "an Error ends the connection",
    "closes": "what cannot be understood ends the connection",
    "no echo": "the sender does not get its own event",
    "silence": "nothing is ever said",
    "close": "the first message ends the connection with 1011",
    "no attachments": "what is attached is ignored",
    "no cursor": "a history is never more than its newest page",
    "no limit": "a page of a history has always the same size",
    "drop connection": "the first message ends TCP",
    "garbage": "a message is answered with what is no JSON",
    "binary": "a message is answered with a binary frame",
    "huge frame": "a message is answered with a frame of 10 MB",
    "flood": "a message is answered without an end",
    "refuse joins": "",
    "replay": "a join brings the messages so far",
    "one room": "a join ends those before",
    "strict": "a message with a field that the protocol does not have is refused",
    "late join": "a join is confirmed at once, and takes effect later",
    "one connection": "a new connection of a user closes the one before",
    "errors for all": "an unknown type is answered to everybody who is connected",
}


class ChatServer:
    """One server; `url` is where it listens.

    While it runs it may be made `wrong` (its faults), `deaf` to types of requests, `canned` (a fixed reply to a type)
    and `curious` (it opens whatever URL it is sent); after `dies_after` messages it drops everybody, for good.
    """

    def __init__(self, architecture: str = "in order", *wrong: str) -> None:
        assert architecture in ARCHITECTURES
        assert FAULTS.keys() >= set(wrong)
        self.architecture = architecture
        self.wrong = set(wrong)
        self.deaf: set[str] = set()
        self.canned: dict[str, str] = {}
        self.curious = False
        self.dies_after: int | None = None
        self.url = ""
        self.everybody: set[ServerConnection] = set()
        self.joined: defaultdict[str, set[ServerConnection]] = defaultdict(set)
        self.history: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.requests: list[str] = []
        self.most_at_once = 0
        self._came_or_went = asyncio.Event()
        self._latest: dict[str, ServerConnection] = {}
        self._users: dict[ServerConnection, str] = {}
        self._held: dict[ServerConnection, str] = {}
        self._hub: asyncio.Queue[tuple[ServerConnection, str]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ChatServer]:
        """Listen for as long as the context lasts."""
        self._spawn(self._run_hub())
        async with listening(self._talk, max_size=1 << 20) as self.url:
            yield self
        for task in self._tasks:
            task.cancel()

    async def until_present(self, count: int) -> None:
        """Wait until exactly `count` are connected."""
        while len(self.everybody) != count:
            self._came_or_went.clear()
            await self._came_or_went.wait()

    async def _talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        token = parse_qs(urlsplit(socket.request.path).query).get("token", [""])[0]
        try:
            user = jwt.decode(token, options={"verify_signature": False})["sub"]
        except (jwt.InvalidTokenError, KeyError):
            await socket.close(1008)
            return
        if self._dead:
            socket.transport.abort()
            return
        if "one connection" in self.wrong and user in self._latest:
            await self._latest[user].close(1000)
        self._latest[user] = socket
        self._users[socket] = user
        self.everybody.add(socket)
        self._came_or_went.set()
        self.most_at_once = max(self.most_at_once, len(self.everybody))
        with suppress(ConnectionClosed):
            if not self.wrong & {"no greeting", "silence"}:
                greeting = "Welcome" if "other greeting" in self.wrong else "ActionConfirmed"
                await _say(socket, greeting, action="connected", success=True)
            async for data in socket:
                if "silence" not in self.wrong:
                    await self._handle(socket, user, token, data)
        self.everybody.discard(socket)
        self._came_or_went.set()
        for joined in self.joined.values():
            joined.discard(socket)

    @property
    def _dead(self) -> bool:
        return self.dies_after is not None and self.requests.count("SendMessage") > self.dies_after

    async def _handle(self, socket: ServerConnection, user: str, token: str, data: str | bytes) -> None:
        try:
            request = json.loads(data)
            kind = request["type"]
            conversation = request["conversation_id"] if kind in CONVERSING else ""
        except (ValueError, LookupError, TypeError):
            if self.curious and isinstance(data, str):
                (await asyncio.open_connection("127.0.0.1", urlsplit(data).port))[1].close()
            await self._refuse(socket, "I do not understand")
            return
        self.requests.append(kind)
        if await self._is_otherwise_minded(socket, kind, conversation):
            return
        if kind == "Ping":
            await self._pong(socket)
        elif kind == "JoinConversation" and "refuse joins" not in self.wrong:
            await self._join(socket, conversation)
        elif kind == "LeaveConversation":
            self.joined[conversation].discard(socket)
            await self._confirm(socket, "left_conversation")
        elif kind == "FetchHistory":
            await self._fetch(socket, conversation, request)
        elif kind == "SendMessage" and isinstance(request.get("content"), str) and not self._is_refused(request):
            await self._send(socket, conversation, user, token, request)
        else:
            for one in self.everybody if "errors for all" in self.wrong else {socket}:
                await self._refuse(one, f"I do not understand {kind}", code="unknown_type")

    def _is_refused(self, request: dict[str, Any]) -> bool:
        return "strict" in self.wrong and "note" in request

    async def _refuse(self, socket: ServerConnection, message: str, **code: str) -> None:
        if "odd errors" in self.wrong:
            await _tell(socket, json.dumps({"error": message}))
        elif not self.wrong & {"no errors", "closes"}:
            await _say(socket, "Error", message=message, **code)
        if self.wrong & {"errors close", "closes"}:
            await socket.close(1008)

    async def _is_otherwise_minded(self, socket: ServerConnection, kind: str, conversation: str) -> bool:
        if self._dead:
            for one in self.everybody:
                one.transport.abort()
        if kind in self.canned:
            reply = self.canned[kind].replace("${conversation}", conversation)
            await _tell(socket, reply.replace("${count}", str(len(self.requests))))
        return self._dead or kind in self.deaf or kind in self.canned

    async def _pong(self, socket: ServerConnection) -> None:
        if "late pong" in self.wrong:
            await asyncio.sleep(1.0)
        if "no pong" not in self.wrong:
            await _say(socket, "Pong")

    async def _join(self, socket: ServerConnection, conversation: str) -> None:
        for joined in self.joined.values() if "one room" in self.wrong else ():
            joined.discard(socket)
        if "late join" in self.wrong:
            asyncio.get_running_loop().call_later(JOIN_DELAY, self.joined[conversation].add, socket)
        else:
            self.joined[conversation].add(socket)
        await self._confirm(socket, "joined_conversation")
        for message in self.history[conversation] if "replay" in self.wrong else ():
            await _say(socket, "NewMessage", **{key: value for key, value in message.items() if key != "reactions"})

    async def _confirm(self, socket: ServerConnection, action: str) -> None:
        if "no confirmations" not in self.wrong:
            await _say(socket, "ActionConfirmed", action=action, success=True)

    async def _fetch(self, socket: ServerConnection, conversation: str, request: dict[str, Any]) -> None:
        size = None if "no limit" in self.wrong else request.get("limit")
        limit, cursor = size or 50, str(request.get("cursor") or len(self.history[conversation]))
        end = int(cursor) if cursor.isdecimal() else 0
        begin = max(0, end - limit)
        more: Any = begin > 0
        await _say(
            socket,
            "HistoryChunk",
            conversation_id=conversation,
            messages=self.history[conversation][begin:end][::-1],
            has_more=str(more) if "wrong history" in self.wrong else more,
            next_cursor=str(begin) if more and "no cursor" not in self.wrong else None,
        )

    async def _send(
        self, socket: ServerConnection, conversation: str, user: str, token: str, request: dict[str, Any]
    ) -> None:
        if "late send" in self.wrong:
            await asyncio.sleep(1.0)  # A sleep: the server is slow.
        message = {
            "conversation_id": conversation,
            "message_id": str(uuid.uuid4()),
            "sender_id": user,
            "content": request["content"],
            "attachments": [] if "no attachments" in self.wrong else request.get("attachments", []),
            "created_at": datetime.now(UTC).isoformat(),
        }
        self.history[conversation].append({**message, "reactions": []})
        if await self._misbehave(socket):
            return
        if "malformed frame" in self.wrong:
            message["created_at"] = "yesterday"
        if "no id" in self.wrong:
            del message["message_id"]
        odd = len(self.history[conversation]) % 2
        if "no sender" in self.wrong or ("no sender at times" in self.wrong and odd):
            del message["sender_id"]
        if "token in a frame" in self.wrong:
            message["content"] += token
        for recipient in self._recipients(socket, conversation):
            await self._fan_out(recipient, json.dumps({"type": "NewMessage", **message}))
            if "unknown frame" in self.wrong:
                await self._fan_out(recipient, json.dumps({"type": "MessageNoticed"}))
        for _ in range("reply lost" not in self.wrong and 1 + ("confirmed twice" in self.wrong)):
            await self._confirm(socket, "message_sent")
        if "confirmed everywhere" in self.wrong:
            for other in self.joined[conversation] - {socket}:
                await self._confirm(other, "message_sent")
        if "error besides" in self.wrong:
            await _say(socket, "Error", message="but something else went wrong")

    async def _misbehave(self, socket: ServerConnection) -> bool:
        if "close" in self.wrong:
            await socket.close(1011)
        elif "drop connection" in self.wrong:
            socket.transport.abort()
        elif "garbage" in self.wrong:
            await socket.send("\u0000 {garbage")
        elif "binary" in self.wrong:
            await socket.send(b"\x00\x01")
        elif "huge frame" in self.wrong:
            await socket.send("x" * 10_000_000)
        elif "flood" in self.wrong:
            while True:
                await socket.send('{"type": "Pong"}')
                await asyncio.sleep(0)  # Who is flooded may live in the same loop.
        else:
            return False
        return True

    def _recipients(self, sender: ServerConnection, conversation: str) -> list[ServerConnection]:
        """Give everybody who is told, as often as they are told; the sender comes first."""
        others = (self.everybody if "leak" in self.wrong else self.joined[conversation]) - {sender}
        told = [sender] * (sender in self.joined[conversation])
        if "only others" in self.wrong:
            own = {one for one, user in self._users.items() if user == self._users[sender]}
            return [one for one in others if one not in own]
        if "no broadcast" in self.wrong:
            return []
        if "no echo" in self.wrong:
            told = []
        if "drop" not in self.wrong:
            told += list(others) * (1 + ("duplicate" in self.wrong))
        return told + [sender] * ("echo twice" in self.wrong)

    async def _fan_out(self, recipient: ServerConnection, text: str) -> None:
        if "wrong order" in self.wrong:
            if recipient not in self._held:
                self._held[recipient] = text
                return
            held = [(recipient, text), (recipient, self._held.pop(recipient))]
        else:
            held = [(recipient, text)]
        for one in held:
            if self.architecture == "in order":
                await _tell(*one)
            elif self.architecture in ("hub task", "bus with delay"):
                self._hub.put_nowait(one)
            else:
                self._spawn(self._tell_later(*one))

    async def _tell_later(self, recipient: ServerConnection, text: str) -> None:
        if self.architecture == "task per message":
            await asyncio.sleep(0.002)  # it asks a database for the members first
        await _tell(recipient, text)

    async def _run_hub(self) -> None:
        while True:
            one = await self._hub.get()
            if self.architecture == "bus with delay":
                asyncio.get_running_loop().call_later(BUS_DELAY, lambda one=one: self._spawn(_tell(*one)))
            else:
                await _tell(*one)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _say(socket: ServerConnection, kind: str, **fields: Any) -> None:
    await _tell(socket, json.dumps({"type": kind, **fields}))


async def _tell(socket: ServerConnection, text: str) -> None:
    with suppress(ConnectionClosed):
        await socket.send(text)
