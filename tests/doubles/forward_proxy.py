"""A forward proxy as companies have one: CONNECT, plain HTTP requests, SOCKS 5; every name leads to this machine."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

END = b"\r\n\r\n"
CHUNK = 1 << 16
SOCKS_DOMAIN = 3


@dataclass
class ForwardProxy:
    """`leads` maps the HOST:PORT that a client asks for to a port of this machine; `asked` has what clients wanted.

    With `credentials` (as Basic has them), a client without them gets 407.
    """

    leads: dict[str, int]
    credentials: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ForwardProxy]:
        visits: set[asyncio.Task[None]] = set()

        def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            visits.add(asyncio.create_task(self._meet(reader, writer)))

        server = await asyncio.start_server(met, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for visit in visits:
                visit.cancel()
            await asyncio.gather(*visits, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, EOFError):
            first = await reader.readexactly(1)
            if first == b"\x05":
                await self._socks(reader, writer)
            else:
                await self._http(first + await reader.readuntil(END), reader, writer)

    async def _http(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, where, _ = head.decode("latin-1").split(" ", 2)
        self.asked.append(f"{method} {where}")
        place = where if method == "CONNECT" else where.partition("://")[2].partition("/")[0]
        if self.credentials and f"Proxy-Authorization: Basic {self.credentials}".lower().encode() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0" + END)
        elif place not in self.leads:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0" + END)
        else:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK" + END)
            await self._join(place, reader, writer, b"" if method == "CONNECT" else head)
            return
        await writer.drain()

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SOCKS 5 without authentication (RFC 1928), with names only."""
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x00")
        _, _, _, kind, length = await reader.readexactly(5)
        assert kind == SOCKS_DOMAIN, "the client has resolved the name itself"
        name = (await reader.readexactly(length)).decode()
        place = f"{name}:{int.from_bytes(await reader.readexactly(2), 'big')}"
        self.asked.append(f"SOCKS {place}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await self._join(place, reader, writer, b"")

    async def _join(self, place: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.leads[place])
        with contextlib.closing(back):
            back.write(head)
            passing = [asyncio.create_task(_pass(reader, back)), asyncio.create_task(_pass(there, writer))]
            try:
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in passing:
                    one.cancel()
                await asyncio.gather(*passing, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
