"""A client of bytes: it sends what no library would send, and reads until the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from tests.reference_server.support import PATIENCE_S, token

if TYPE_CHECKING:
    from tests.reference_server.support import Command

CLOSE = "Connection: close\r\n"


async def exchange(url: str, data: bytes) -> bytes:
    """Send bytes to a server and return all that it answers until it closes the connection."""
    async with asyncio.timeout(PATIENCE_S):
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(data)
            return await reader.read()
        finally:
            writer.transport.abort()


async def ask(server: Command, data: bytes) -> bytes:
    """Send bytes to the server that the tests share."""
    return await exchange(server.ready["api"][0], data)


def status(answer: bytes) -> int:
    """Give the status of an answer."""
    return int(answer.split(b" ", 2)[1])


def request(path: str = "/health", *headers: str, method: str = "GET", body: bytes = b"", known: bool = False) -> bytes:
    """Give a request of the API; a known caller has a token."""
    bearer = f"Authorization: Bearer {token(uuid4())}\r\n" if known else ""
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\n{bearer}{lines}\r\n".encode() + body


def post(body: bytes, *headers: str) -> bytes:
    """Give a whole request of a known caller, with this body."""
    length, kind = f"Content-Length: {len(body)}", "Content-Type: application/json"
    return request("/conversations", length, kind, *headers, method="POST", body=body, known=True)


def upgrade(*headers: str, method: str = "GET", version: str = "1.1", query: str | None = None) -> bytes:
    """Give the request for a WebSocket."""
    query = f"token={token(uuid4())}" if query is None else query
    lines = "".join(f"{header}\r\n" for header in headers)
    return (
        f"{method} /ws?{query} HTTP/{version}\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{lines}\r\n"
    ).encode()


def frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    """Give a frame as a client writes it."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65_536:
        length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([(0x80 if is_last else 0) | opcode]) + length + bytes(4) + payload


TEXT, CONTINUATION, CLOSING, PING = 1, 0, 8, 9
GOODBYE = frame(CLOSING, (1000).to_bytes(2, "big"))
