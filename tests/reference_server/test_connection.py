from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from reference_server.config import Limits, Settings
from reference_server.connection import READER_TOO_SLOW
from reference_server.serving import Deployment
from tests.reference_server.support import SECRET, Chat, Client, Command, token

if TYPE_CHECKING:
    from pathlib import Path

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
        self._socket.settimeout(5)
        tail = b""
        while end not in tail:
            tail = tail[-100:] + self._socket.recv(65_536)
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


class TestAReaderThatDoesNotRead:
    async def test_is_closed_with_4408_and_delays_nobody(self, tmp_path: Path):
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
