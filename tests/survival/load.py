"""A load of real clients: senders that count, and listeners that write down what they hear."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.reference_server.support import open_socket, token
from tests.survival.checker import Heard, Sent, content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.client import ClientConnection

#: How long a client waits for an answer before it connects again.
ANSWER_S = 20.0
OPENING_S = 5.0
AGAIN_S = 0.1
#: A sender rests so long between two messages: the load must leave the machine room for the fault.
REST_S = 0.01
FAILURES = (OSError, WebSocketException, InvalidHandshake, TimeoutError, EOFError)
#: Errors that do not say whether the message is stored.
UNCERTAIN = {"unavailable", "internal"}


class Refusal(Exception):
    """The server has answered with an Error."""


class Load:
    """Senders and listeners in one conversation, each on one of the addresses."""

    def __init__(self, urls: Sequence[str], conversation_id: UUID, users: Sequence[UUID]) -> None:
        self.sent = Sent()
        self.heard: list[Heard] = []
        self.acks: dict[str, int] = {}
        self.last_ack: dict[str, float] = {}
        self._urls = urls
        self._conversation = str(conversation_id)
        self._users = users
        self._stop = asyncio.Event()
        self._progress = asyncio.Event()
        self._senders: list[asyncio.Task[None]] = []
        self._listeners: list[asyncio.Task[None]] = []

    def start(self, senders: int, listeners_each: int = 1) -> None:
        """Begin: the senders are spread over the addresses, and each address has listeners."""
        count = len(self._urls)
        for index in range(senders):
            name = f"s{index}"
            self.acks[name] = 0
            self._senders.append(asyncio.create_task(self._send(name, self._urls[index % count], self._users[index])))
        for index, url in enumerate(self._urls):
            for which in range(listeners_each):
                self._listeners.append(asyncio.create_task(self._listen(f"l{index}.{which}", url, self._users[-1])))

    async def progress(self, more: int, patience: float) -> float:
        """Wait until every sender has had more acknowledgements from now on; return how long that took."""
        began, wanted = time.monotonic(), {name: count + more for name, count in self.acks.items()}
        async with asyncio.timeout(patience):
            while any(self.acks[name] < count for name, count in wanted.items()):
                self._progress.clear()
                await self._progress.wait()
        return time.monotonic() - began

    async def refused(self, patience: float) -> None:
        """Wait until the server says that it could not carry out a request."""
        before = len(self.sent.indeterminate)
        async with asyncio.timeout(patience):
            while len(self.sent.indeterminate) == before:
                self._progress.clear()
                await self._progress.wait()

    def unanswered(self, since: float) -> list[str]:
        """Name the senders that have had no acknowledgement since then."""
        return [name for name in self.acks if self.last_ack.get(name, 0.0) < since]

    async def listening(self, patience: float) -> None:
        """Wait until every listener has joined."""
        async with asyncio.timeout(patience):
            while sum(one.lasted for one in self.heard) < len(self._listeners):
                self._progress.clear()
                await self._progress.wait()

    async def finish(self, patience: float) -> list[str]:
        """Stop sending, wait until who listens has heard everything, and return the history, the oldest first."""
        self._stop.set()
        await asyncio.wait(self._senders, timeout=patience)
        history = await self._history(self._urls[0], patience)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                wanted = set(history)
                while not all(wanted <= {*one.before, *one.messages} for one in self.heard if one.lasted):
                    self._progress.clear()
                    await self._progress.wait()
        for task in (*self._senders, *self._listeners):
            task.cancel()
        await asyncio.gather(*self._senders, *self._listeners, return_exceptions=True)
        return history

    async def _send(self, name: str, url: str, user_id: UUID) -> None:
        number = 0
        while not self._stop.is_set():
            with suppress(*FAILURES):
                socket = await self._join(url, user_id)
                try:
                    while not self._stop.is_set():
                        number += 1
                        await self._send_one(socket, name, number)
                        await asyncio.sleep(REST_S)
                finally:
                    await _close(socket)
            await asyncio.sleep(AGAIN_S)  # A sleep: as clients do before they connect again.

    async def _send_one(self, socket: ClientConnection, name: str, number: int) -> None:
        text = content(name, number)
        try:
            await _say(socket, "SendMessage", conversation_id=self._conversation, content=text)
            answer = await _answer(socket, "message_sent")
        except BaseException:
            self.sent.indeterminate.append(text)
            raise
        if answer["type"] == "ActionConfirmed":
            self.sent.acknowledged.append(text)
            self.acks[name] += 1
            self.last_ack[name] = time.monotonic()
        elif answer["code"] in UNCERTAIN:
            self.sent.indeterminate.append(text)
        else:
            self.sent.refused.append(text)
        self._progress.set()

    async def _listen(self, name: str, url: str, user_id: UUID) -> None:
        again = 0
        while True:
            one = Heard(f"{name}#{again}")
            with suppress(*FAILURES):
                socket = await self._join(url, user_id, one.messages)
                try:
                    one.before = frozenset(await self._pages(socket, one.messages))
                    self.heard.append(one)
                    one.lasted = True
                    self._progress.set()
                    while True:
                        _note(json.loads(await socket.recv()), one.messages)
                        self._progress.set()
                except asyncio.CancelledError:
                    raise
                except BaseException:
                    one.lasted = False
                    raise
                finally:
                    await _close(socket)
            again += 1
            await asyncio.sleep(AGAIN_S)  # A sleep: as clients do before they connect again.

    async def _join(self, url: str, user_id: UUID, messages: list[str] | None = None) -> ClientConnection:
        socket = await open_socket(url, _token(user_id), open_timeout=OPENING_S, close_timeout=1)
        try:
            await _answer(socket, "connected", messages)
            await _say(socket, "JoinConversation", conversation_id=self._conversation)
            if (await _answer(socket, "joined_conversation", messages))["type"] == "Error":
                raise TimeoutError
        except BaseException:
            await _close(socket)
            raise
        return socket

    async def _history(self, url: str, patience: float) -> list[str]:
        async with asyncio.timeout(patience):
            while True:
                with suppress(*FAILURES, Refusal):
                    socket = await self._join(url, self._users[-1])
                    try:
                        return list(reversed(await self._pages(socket, [])))
                    finally:
                        await _close(socket)
                await asyncio.sleep(AGAIN_S)  # A sleep: as clients do before they connect again.

    async def _pages(self, socket: ClientConnection, messages: list[str]) -> list[str]:
        """Read the whole history, the newest first."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            await _say(socket, "FetchHistory", conversation_id=self._conversation, limit=100, **cursor)
            page = await _answer(socket, "", messages)
            if page["type"] == "Error":
                raise TimeoutError
            found += [each["content"] for each in page["messages"]]
            if not page["has_more"]:
                return found
            cursor = {"cursor": page["next_cursor"]}


async def _say(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def _answer(socket: ClientConnection, action: str, messages: list[str] | None = None) -> dict[str, Any]:
    """Read on to an answer, and note the messages that come before it."""
    async with asyncio.timeout(ANSWER_S):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] in {"Error", "HistoryChunk"} or frame.get("action") == action:
                return frame
            if messages is not None:
                _note(frame, messages)


def _note(frame: dict[str, Any], messages: list[str]) -> None:
    if frame["type"] == "NewMessage":
        messages.append(frame["content"])


def _token(user_id: UUID) -> str:
    """Sign a token that no step of the clock makes invalid."""
    return token(user_id, iat=None, exp=int(time.time()) + 24 * 3600)


async def _close(socket: ClientConnection) -> None:
    socket.transport.abort()
    with suppress(*FAILURES):
        await socket.wait_closed()


def some_users(count: int) -> list[UUID]:
    """Make up so many users."""
    return [uuid4() for _ in range(count)]
