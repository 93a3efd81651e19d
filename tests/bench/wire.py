"""The smallest WebSocket client: it costs little beside the server that it measures."""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


#: Kinds of frames.
TEXT, PING, PONG = 1, 9, 10


class Wire(asyncio.Protocol):
    """One connection; `hear` is called with each text frame. It answers pings: a server ends who does not.

    `lost` is done when the other end closes the connection.
    """

    def __init__(self, hear: Callable[[Wire, bytes], None], lost: asyncio.Future[None]) -> None:
        self.hear = hear
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def request(self, url: str) -> None:
        """Ask for the upgrade."""
        parts = urlsplit(url)
        head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        head += (
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert self._transport is not None
        self._transport.write(head.encode())

    def say(self, text: bytes) -> None:
        """Send a text frame, masked with zeros."""
        size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack("!H", len(text))
        assert self._transport is not None
        self._transport.write(b"\x81" + size + b"\0\0\0\0" + text)

    def close(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_lost(self, error: Exception | None) -> None:
        """Say so, unless this end has closed it."""
        reason = ConnectionError(f"the server has closed a connection: {error or 'as agreed'}")
        if not self.opened.done():
            self.opened.set_exception(reason)
        elif self._transport is not None and not self._lost.done():
            self._lost.set_exception(reason)

    def data_received(self, data: bytes) -> None:
        """Cut what comes into frames."""
        self._data += data
        if not self.opened.done():
            head, found, rest = bytes(self._data).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head:
                self.opened.set_exception(ConnectionError(head.decode()))
                return
            self._data = bytearray(rest)
            self.opened.set_result(None)
        at, whole = 0, self._data
        while len(whole) - at >= 2:
            size, start = whole[at + 1], at + 2
            if size == 126:
                if len(whole) - at < 4:
                    break
                size, start = int.from_bytes(whole[at + 2 : at + 4], "big"), at + 4
            if len(whole) < start + size:
                break
            kind, payload = whole[at] & 0x0F, bytes(whole[start : start + size])
            if kind == TEXT:
                self.hear(self, payload)
            elif kind == PING and self._transport is not None:
                self._transport.write(bytes([0x80 | PONG, 0x80 | size]) + b"\0\0\0\0" + payload)
            at = start + size
        del whole[:at]


async def open_wire(url: str, hear: Callable[[Wire, bytes], None], lost: asyncio.Future[None]) -> Wire:
    """Connect."""
    parts = urlsplit(url)
    _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(hear, lost), parts.hostname, parts.port)
    wire.request(url)
    await wire.opened
    return wire


def resident(pid: int) -> int:
    """Give the bytes of memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor(pid: int) -> float:
    """Give the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
