"""Opens a connection through a proxy: HTTP CONNECT (RFC 9110 §9.3.6), or SOCKS 5."""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from conformance.engine.observe.head import END, MOST_BYTES, read_head, status_of
from conformance.target.access.proxies import SOCKS_PROXIES

if TYPE_CHECKING:
    import socket
    from urllib.parse import SplitResult

GRANTED = range(200, 300)
WANTS_PASSWORD = 407
PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


async def open_tunnel(
    proxy: str, host: str, port: int, protocol: asyncio.Protocol, tls: ssl.SSLContext | None, server_name: str | None
) -> asyncio.Transport:
    """Connect a protocol to a host through a proxy; raises OSError if the proxy does not lead there."""
    loop, parts = asyncio.get_running_loop(), urlsplit(proxy)
    if parts.scheme in SOCKS_PROXIES:
        through = await _socks(parts, host, port)
        made = loop.create_connection(lambda: protocol, sock=through, ssl=tls, server_hostname=server_name)
        return (await made)[0]
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    transport, asking = await loop.create_connection(
        _Asking, parts.hostname or "", parts.port or PORTS[parts.scheme], ssl=secure
    )
    try:
        transport.write(_request(parts, host, port))
        await asking.answered
        if tls is not None:
            upgraded = await loop.start_tls(transport, protocol, tls, server_hostname=server_name)
            assert upgraded is not None
            transport = upgraded
        else:
            transport.set_protocol(protocol)
    except BaseException:
        transport.abort()
        raise
    protocol.connection_made(transport)  # Neither of the two ways tells the protocol.
    return transport


class _Asking(asyncio.Protocol):
    """Reads the answer of a proxy."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = bytearray()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.answered.done() or (END not in self._head and len(self._head) <= MOST_BYTES):
            return
        wrong = _wrong(bytes(self._head))
        if wrong:
            self.answered.set_exception(ConnectionRefusedByProxy(wrong))
        else:
            self.answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(ConnectionRefusedByProxy("the proxy ends the connection without an answer"))


class ConnectionRefusedByProxy(OSError):
    """A proxy does not lead to the server."""


def _wrong(head: bytes) -> str:
    """Say why an answer is no tunnel; empty: it is one."""
    try:
        status = status_of(read_head(head.partition(END)[0] + END))
    except ValueError:
        return "the proxy answers with something that is not HTTP"
    if status == WANTS_PASSWORD:
        return "the proxy wants a user name and password (`proxy:` in the target file)"
    return "" if status in GRANTED else f"the proxy answers with HTTP {status}"


def _request(proxy: SplitResult, host: str, port: int) -> bytes:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    return "\r\n".join(lines).encode() + END


async def _socks(proxy: SplitResult, host: str, port: int) -> socket.socket:
    from python_socks import ProxyError, ProxyType  # noqa: PLC0415 -- an optional dependency
    from python_socks.async_.asyncio import Proxy  # noqa: PLC0415

    way = Proxy.create(
        ProxyType.SOCKS5,
        proxy.hostname or "",
        proxy.port or PORTS[proxy.scheme],
        unquote(proxy.username) if proxy.username else None,
        unquote(proxy.password) if proxy.password else None,
        rdns=proxy.scheme == "socks5h",
    )
    try:
        found: socket.socket = await way.connect(host, port)
    except ProxyError as error:
        raise ConnectionRefusedByProxy(f"the proxy does not lead there: {error}") from None
    return found
