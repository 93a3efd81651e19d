from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from reference_server import transport
from reference_server.arrivals import arrive, depart
from reference_server.auth import Identity
from reference_server.config import Limits, Settings
from reference_server.connection import READER_TOO_SLOW, Connection
from reference_server.context import Instance
from reference_server.metrics import Metrics
from reference_server.services import Services
from reference_server.serving import Deployment
from reference_server.transport import EXTENSION
from tests.reference_server.support import SECRET, Chat, Client, Command, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.websockets import WebSocket

    from reference_server.database import Database

#: More than the kernel keeps for a reader that does not read.
FLOOD = 500
LARGE = "😀" * 4000


class DeafClient:
    """A client that joins a conversation and does not read, until it does."""

    def __init__(self, url: str, user_id: UUID, conversation_id: UUID) -> None:
        address = urlsplit(url)
        self.user_id = user_id
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect((address.hostname, address.port))
        self._socket.sendall(
            f"GET /ws?token={token(user_id)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert self._socket.recv(12) == b"HTTP/1.1 101"
        join = json.dumps({"type": "JoinConversation", "conversation_id": str(conversation_id)}).encode()
        self._socket.sendall(bytes([0x81, 0x80 | len(join)]) + bytes(4) + join)
        self._read_until(b"joined_conversation")

    def read_until_close(self) -> int:
        """Read at last, up to the close frame, and return its code."""
        tail = self._read_until(b"too slow.")
        (code,) = struct.unpack("!H", tail[-len("xxThe reader is too slow.") :][:2])
        return int(code)

    def _read_until(self, end: bytes) -> bytes:
        self._socket.settimeout(60)
        tail = b""
        while end not in tail:
            more = self._socket.recv(65_536)
            assert more, f"the connection ended before {end!r}"
            tail = tail[-100:] + more
        return tail[: tail.index(end) + len(end)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


async def flood(client: Client, conversation_id: UUID, number: int) -> None:
    """Send many large messages at once; every one is confirmed."""
    for _ in range(number):
        await client.send("SendMessage", conversation_id=conversation_id, content=LARGE)
    for _ in range(number):
        assert (await client.reply())["action"] == "message_sent"


class SlowReader:
    """A WebSocket that takes one frame, and no more until it is told to read on."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.frames: list[str] = []
        self.closed: int | None = None
        self.scope = {"extensions": {EXTENSION: self}}

    def write_text(self, _text: str) -> bool:
        """Say that it does not read now."""
        return False

    async def send_text(self, frame: str) -> None:
        """Take a frame."""
        self.frames.append(frame)
        await self.reads.wait()

    def hang_up(self, code: int, _reason: str) -> None:
        """Remember why the connection ended."""
        self.closed = code


@asynccontextmanager
async def lagging(
    reader: SlowReader, *, frames: int = 8, size: int = 1_000_000, metrics: Metrics | None = None
) -> AsyncIterator[Connection]:
    """Connect a reader."""
    identity = Identity(uuid4(), time.time() + 60)
    connection = Connection(cast("WebSocket", reader), identity, frames, size, metrics or Metrics())
    connection.start(0)
    try:
        yield connection
    finally:
        await connection.stop()


class Companions:
    """A database that knows one thing: who shares a conversation with whom."""

    def __init__(self, *users: UUID) -> None:
        self.users = users

    async def read(self, *_: object) -> tuple[UUID, ...]:
        """Give them."""
        return self.users


class TestAReaderThatLags:
    async def test_learns_of_the_end_of_a_typing_state_and_of_every_change_of_presence(self):
        lobby, alice, reader = uuid4(), uuid4(), SlowReader()
        async with lagging(reader) as connection:
            instance = Instance(Settings(SECRET), Services(cast("Database", Companions(connection.user_id))))
            await instance.hub.connect(connection)
            async with instance.hub.attending(lobby):
                instance.hub.join(connection, lobby)
            for _ in range(4):
                connection.send("before")
            await instance.tell_typing(lobby, alice, is_typing=True)
            await instance.tell_typing(lobby, alice, is_typing=False)
            await arrive(instance, alice)
            await depart(instance, alice)
            reader.reads.set()
            connection.send("after")
            async with asyncio.timeout(60):
                while "after" not in reader.frames:  # noqa: ASYNC110 -- each is one step of the loop
                    await asyncio.sleep(0)
        events = [json.loads(frame) for frame in reader.frames if frame.startswith("{")]
        assert [event.get("is_typing", event.get("status")) for event in events] == [False, "online", "offline"]

    @pytest.mark.parametrize("character", ["x", "é", "€", "😀"])
    async def test_may_lag_by_a_number_of_bytes_whatever_the_characters(self, character: str):
        reader = SlowReader()
        async with lagging(reader, frames=1000, size=1200) as connection:
            sent = 0
            while connection.is_open:
                connection.send(character * 10)
                sent += 1
        assert (sent - 1) * len((character * 10).encode()) == 1200
        assert reader.closed == READER_TOO_SLOW


class TestAReaderThatDoesNotRead:
    async def test_is_closed_with_4408_and_delays_nobody(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(transport, "LINGER_S", 100.0)  # it begins to read when the flood is over
        settings = Settings(SECRET, limits=Limits(messages_per_window=10_000), outbox_frames=20)
        async with (
            Deployment(settings, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment,
            Chat(deployment.websocket_urls, deployment.api_urls) as chat,
        ):
            alice, deaf_user = await chat.connect(), uuid4()
            gone = {"type": "UserPresenceUpdate", "user_id": str(deaf_user), "status": "offline"}
            lobby = await chat.conversation(alice, roles={deaf_user: "member"}, join=False)
            with await asyncio.to_thread(DeafClient, chat.instances[0], deaf_user, lobby) as deaf:
                while gone not in alice.presence:
                    await flood(alice, lobby, 10)
                assert await asyncio.to_thread(deaf.read_until_close) == READER_TOO_SLOW

    async def test_may_ask_for_more_than_fits_and_read_it_later(self, tmp_path: Path):
        settings = Settings(SECRET, limits=Limits(messages_per_window=10_000), outbox_bytes=100_000)
        async with (
            Deployment(settings, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment,
            Chat(deployment.websocket_urls, deployment.api_urls) as chat,
        ):
            alice = await chat.connect()
            lobby = await chat.conversation(alice, join=False)
            await flood(alice, lobby, 50)
            alice.socket.transport.pause_reading()
            for _ in range(40):
                await alice.send("FetchHistory", conversation_id=lobby)
            bob = await chat.connect()
            for _ in range(40):
                await bob.ask("Ping")
            alice.socket.transport.resume_reading()
            for _ in range(40):
                assert len((await alice.reply())["messages"]) == 50

    async def test_does_not_hold_up_the_end(self, tmp_path: Path):
        with Command(tmp_path / "chat.db", "--message-limit", "10000") as command:
            async with command.chat as chat:
                alice, deaf_user = await chat.connect(), uuid4()
                lobby = await chat.conversation(alice, roles={deaf_user: "member"}, join=False)
                with await asyncio.to_thread(DeafClient, chat.instances[0], deaf_user, lobby):
                    await flood(alice, lobby, FLOOD)
                    command.process.terminate()
                    assert await asyncio.to_thread(command.end) == (0, "")
