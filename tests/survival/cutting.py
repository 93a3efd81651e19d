"""A proxy for any TCP connection that can be cut: at once, in silence, in one direction, or made slow."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

CHUNK = 65_536


class CuttingProxy:
    """Stands in front of one server.

    `refuse()` ends every connection and takes no new one; `silence(up=…, down=…)` lets nothing through in a direction,
    and tells nobody; `heal()` lets everything through again.
    """

    def __init__(self, connect: Connect) -> None:
        self.port = 0
        #: Seconds that each piece is late.
        self.delay = 0.0
        #: Bytes of a piece; 0: as they come.
        self.slice = 0
        self._connect = connect
        self._open = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._refuses = False
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.heal()

    async def __aenter__(self) -> CuttingProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._links, return_exceptions=True)

    def heal(self) -> None:
        """Let everything through."""
        self._refuses = False
        for each in self._open.values():
            each.set()

    def refuse(self) -> None:
        """End every connection, and every new one at once."""
        self._refuses = True
        self.cut()

    def cut(self) -> None:
        """End every connection, in mid-frame where one is on its way; new ones are welcome."""
        for each in self._links:
            each.cancel()

    def silence(self, *, up: bool = True, down: bool = True) -> None:
        """Let nothing through, to the server (`up`) or from it (`down`)."""
        if up:
            self._open["up"].clear()
        if down:
            self._open["down"].clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        ends, ways = [writer], []
        try:
            if not self._refuses:
                back_reader, back_writer = await self._connect()
                ends.append(back_writer)
                both = self._pass(reader, back_writer, "up"), self._pass(back_reader, writer, "down")
                ways = [asyncio.create_task(way) for way in both]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for way in ways:
                way.cancel()
            for end in ends:
                end.transport.abort()
            self._links.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        with suppress(OSError):
            while data := await reader.read(self.slice or CHUNK):
                await self._open[way].wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
