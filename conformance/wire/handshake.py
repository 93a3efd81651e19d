"""What a client puts into its opening handshake besides the URL, and how big the buffers of its socket are."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

RECEIVE_BUFFER = 4096
SEGMENT = 1200
"""Bytes; small segments also keep the server's own send buffer small, where the kernel lets it grow with them."""

OWN = "own"


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a connection is opened.

    `origin`: the header of that name; `own` means the address of the server, as a page from there has it.
    `compression`: offer permessage-deflate (RFC 7692) as browsers do. `subprotocols` are offered in this order.
    `small_buffers`: the kernel keeps little of what
    the client has not read, so that a client that stops reading soon closes its TCP window.
    """

    origin: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    compression: bool = False
    subprotocols: tuple[str, ...] = ()
    small_buffers: bool = False

    def origin_at(self, url: str) -> str | None:
        """Give the header Origin of a connection to a URL."""
        if self.origin != OWN:
            return self.origin
        parts = urlsplit(url)
        return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc.rpartition('@')[2]}"


async def small_socket(url: str) -> socket.socket:
    """Connect a TCP socket with small buffers to the host of a URL; raises OSError."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    loop = asyncio.get_running_loop()
    if not parts.hostname:
        raise OSError("there is no host in the address")
    error = OSError("its name leads to no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM):
        one = socket.socket(family, kind, protocol)
        try:
            one.setblocking(False)
            # Both must be set before the handshake of TCP, which tells them to the server.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if hasattr(socket, "TCP_MAXSEG"):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            await loop.sock_connect(one, address)
        except OSError as failed:
            one.close()
            error = failed
        except BaseException:
            one.close()
            raise
        else:
            return one
    raise error
