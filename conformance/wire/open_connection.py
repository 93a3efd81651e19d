"""Opens a connection to the server under test, or says how the server refused it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from conformance.wire.connection import Connection
from conformance.wire.events import MAX_FRAME
from conformance.wire.handshake import Handshake, small_socket
from conformance.wire.handshake_errors import Refused, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.spec.messages import Message
    from conformance.spec.protocol import Protocol
    from conformance.target.dialect import Dialect
    from conformance.wire.frame_budget import Memory
    from conformance.wire.lateness import Lateness

PLAIN = Handshake()


async def open_connection(
    name: str,
    url: str,
    protocol: Protocol,
    known: Mapping[str, Message],
    *,
    timeout: float,
    handshake: Handshake = PLAIN,
    dialect: Dialect | None = None,
    memory: Memory | None = None,
    lateness: Lateness | None = None,
) -> Connection | Refused:
    """Open a connection to `url` (which carries the token), or say how the server refused it.

    A redirect is a refusal, too: it leads to another address than the one under test.
    """
    try:
        small: dict[str, Any] = {"sock": await small_socket(url)} if handshake.small_buffers else {}
        opening = connect(
            url,
            origin=handshake.origin_at(url),  # type: ignore[arg-type] # websockets marks origins with a NewType
            additional_headers=handshake.headers,
            compression="deflate" if handshake.compression else None,
            ping_interval=None,
            max_queue=None,
            max_size=MAX_FRAME,
            open_timeout=timeout,
            close_timeout=min(timeout, 1.0),
            proxy=None,
            **small,
        )
        vars(opening)["process_redirect"] = _stay  # a hook of the library, meant for subclasses
        socket = await opening
    except (OSError, EOFError, ValueError, WebSocketException) as error:
        return refused(error, url, timeout)
    return Connection(name, socket, protocol, known, dialect, memory, lateness)


def _stay(redirect: Exception) -> Exception:
    return redirect
