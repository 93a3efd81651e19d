"""A TCP forwarder in front of a server, which can be pointed at another one, cut, or made to say nothing."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Switch:
    """Forwards new connections to `to`, a URL; where that is None it sends `answer`, if there is one, and no more."""

    def __init__(self, to: str) -> None:
        self.to: str | None = to
        self.answer = b""
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Switch]:
        """Listen for as long as the context lasts."""
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Reset every connection that is open."""
        for writer in self._open:
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.to is not None:
                parts = urlsplit(self.to)
                there, back = await asyncio.open_connection(parts.hostname, parts.port)
                self._open.add(back)
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
                return
            if self.answer:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer)
                writer.close()
            await reader.read()
        except (OSError, EOFError):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()
