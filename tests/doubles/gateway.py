"""A gateway in front of a server that ends connections by design, as Go's ReadHeaderTimeout, HAProxy and nginx do."""

from __future__ import annotations

import asyncio
import contextlib
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.wire.lateness import Lateness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHUNK = 1 << 16


class Gateway:
    """Forwards to `to`, a URL; it ends whoever sends no request for `header` seconds, or a WebSocket idle for `idle`.

    `ended` counts the WebSockets that it has ended.
    """

    def __init__(self, to: str, *, header: float, idle: float) -> None:
        self._to = urlsplit(to)
        self._header = header
        self._idle = idle
        self.url = ""
        self.ended = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Gateway]:
        """Listen for as long as the context lasts."""
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{self._to.path}"
        try:
            yield self
        finally:
            server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            request = await Lateness().within(self._header, reader.readuntil(b"\r\n\r\n"))
            there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
            back.write(request)
            idle = self._idle if b"upgrade: websocket" in request.lower() else math.inf
            try:
                # A gateway counts each direction by itself: a pong from the server has to come, too.
                await asyncio.gather(self._pass(reader, back, idle), self._pass(there, writer, idle))
            except TimeoutError:
                self.ended += 1
            finally:
                back.transport.abort()
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle: float) -> None:
        # It shares its event loop with whoever it is tested with: what that is late is nobody's silence.
        while data := await Lateness().within(idle, reader.read(CHUNK)):
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
