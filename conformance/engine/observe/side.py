"""The two ends of a relayed connection, and the address of the upstream."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.engine.observe.head import END, MOST_BYTES
from conformance.engine.observe.tunnel import open_tunnel

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    Passing = Callable[[bytes], None]

HANDSHAKE = 30.0
"""Seconds that the opening handshake of each side may take."""

LINGER = 10.0
"""Seconds to write the remaining bytes to one side after the other side has ended."""

WAITING = 1 << 18
"""The most bytes that wait to be written to one side; then the other side is not read."""


class Upstream:
    """The server to which connections are passed on: `wss://host/path`; `tls` is None for `ws://`.

    `headers` replace those of the same name in each handshake. `proxy` is the URL of the proxy in between.
    """

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext | None,
        server_name: str | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.url = url
        self.headers = headers or {}
        self.proxy = proxy
        self.tls = tls
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if tls is not None else 80)
        self.server_name = (server_name or self.host) if tls is not None else None

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Open a connection; raises OSError or TimeoutError."""
        async with asyncio.timeout(HANDSHAKE):
            if self.proxy is not None:
                return await open_tunnel(self.proxy, self.host, self.port, protocol, self.tls, self.server_name)
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: protocol, self.host, self.port, ssl=self.tls, server_hostname=self.server_name
            )
            return transport


class Side(asyncio.Protocol):
    """One end of a relayed connection: its bytes go to `passing`, which writes them to the `other` end."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None
        self.early = bytearray()
        self.headed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self.passing: Passing | None = None
        self.finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Prepare the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(WAITING)
        found = transport.get_extra_info("socket")
        if found is not None:
            with contextlib.suppress(OSError):
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, or collect them as the head of the handshake."""
        if self.passing is not None:
            self.passing(data)
            return
        self.early += data
        if END in self.early:
            self.pause()  # Nothing more is read until the other end is connected.
            head, end, _ = bytes(self.early).partition(END)
            self._headed(head + end)
        elif len(self.early) > MOST_BYTES:
            self.pause()
            self._headed(b"")

    def eof_received(self) -> bool:
        """Tell the other end that this end sends no more; True: the other end may still send for some seconds."""
        self._headed(b"")
        self.finished = True
        other = self.other
        if other is None or other.finished or other.transport is None or not other.transport.can_write_eof():
            return False
        if self.transport is None or self.transport.get_extra_info("sslcontext") is not None:
            return False  # TLS cannot close only one direction.
        other.transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER, self.end)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other end, too."""
        self._headed(b"")
        if not self.ended.done():
            self.ended.set_result(exc)
        if self.other is not None:
            self.other.end()

    def pause_writing(self) -> None:
        """Stop reading from the other end while too many bytes wait here."""
        if self.other is not None:
            self.other.pause()

    def resume_writing(self) -> None:
        """Start reading from the other end again."""
        if self.other is not None:
            self.other.resume()

    def pause(self) -> None:
        """Stop reading from this end."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Start reading from this end again."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Write bytes to this end."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def end(self) -> None:
        """Close after all waiting bytes are written, or after LINGER seconds."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
            asyncio.get_running_loop().call_later(LINGER, self.transport.abort)

    def begin(self, passing: Passing, head: int) -> None:
        """Start to pass bytes on: first those that came after the head, which has `head` bytes."""
        early = bytes(self.early[head:])
        self.early.clear()
        self.passing = passing
        if early:
            passing(early)
        self.resume()

    def _headed(self, data: bytes) -> None:
        if not self.headed.done():
            self.headed.set_result(data)
