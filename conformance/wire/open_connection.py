"""Opens a connection to the server under test, or says how the server refused it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, WebSocketException
from websockets.frames import CloseCode, Opcode
from websockets.protocol import State

from conformance.target.access import Access, shown_address
from conformance.wire import events
from conformance.wire.connection import Connection
from conformance.wire.handshake import Handshake, small_socket
from conformance.wire.handshake_errors import Refused, refused
from conformance.wire.waits import CLOSING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from conformance.spec.messages import Message
    from conformance.spec.protocol import Protocol
    from conformance.target.dialect import Dialect
    from conformance.wire.frame_budget import Memory
    from conformance.wire.lateness import Lateness

PLAIN = Handshake()
REQUEST_TIMEOUT = 408
PROMPT = 0.9
"""Seconds from the beginning within which our request leaves; some gateways wait for it no longer than a second."""


def _is_no_known_noise(record: logging.LogRecord) -> bool:
    """Drop the traceback that websockets causes where a proxy hangs up: it takes the end of the stream in twice."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, EOFError) and str(error) == "stream ended")


logging.getLogger("asyncio").addFilter(_is_no_known_noise)


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
    access: Access | None = None,
    replies: Collection[str] = (),
    redact: Callable[[str], str] = str,
) -> Connection | Refused:
    """Open a connection to `url` (which carries the token), or say how the server refused it.

    A redirect is a refusal, too: it leads to another address than the one under test. `access` says which proxy is in
    between and how TLS is opened; raises UsageError if that proxy cannot be used. `redact` removes secrets from what
    the server says when it refuses. `replies` are the types of the frames that answer requests.
    """
    began, made = time.perf_counter(), list[_Opened]()

    def opened(*given: Any, **named: Any) -> _Opened:
        made.append(_Opened(*given, **named))
        return made[-1]

    access = access or Access()
    proxy = access.proxies.leading_to(url)
    try:
        opening = connect(
            url,
            origin=handshake.origin_at(url),  # type: ignore[arg-type] # websockets marks origins with a NewType
            additional_headers=handshake.headers,
            create_connection=opened,  # type: ignore[arg-type] # the library calls it, and no more
            compression="deflate" if handshake.compression else None,
            ping_interval=None,
            max_queue=None,
            max_size=events.MAX_FRAME,
            open_timeout=timeout,
            close_timeout=CLOSING,
            subprotocols=handshake.subprotocols or None,  # type: ignore[arg-type] # a NewType as well
            proxy=proxy,
            **await _socket_options(url, handshake, access, timeout),
        )
        vars(opening)["process_redirect"] = _stay  # a hook of the library, meant for subclasses
        socket = await opening
    except (OSError, EOFError, ValueError, WebSocketException) as error:
        found = refused(error, url, timeout, redact, shown_address(proxy) if proxy else None)
        # RFC 9110 §15.5.9: whoever is told so may ask again; nginx ends the connection and says nothing.
        hung_up = isinstance(error, EOFError | ConnectionError | InvalidMessage)
        was_late = bool(made) and made[-1].asked - began > PROMPT
        return replace(found, late=found.status == REQUEST_TIMEOUT or (hung_up and was_late))
    return Connection(name, socket, protocol, known, dialect, memory, lateness, replies)


async def _socket_options(url: str, handshake: Handshake, access: Access, timeout: float) -> dict[str, Any]:
    """Give the options of the library that the socket needs: small buffers, and how TLS is opened."""
    options: dict[str, Any] = {}
    if handshake.small_buffers and access.proxies.leading_to(url) is None:  # The server sees the buffers of a proxy.
        async with asyncio.timeout(timeout):
            options["sock"] = await small_socket(url)
    if url.lower().startswith("wss:"):
        options["ssl"] = access.tls.opened()
        if access.tls.server_name:
            options["server_hostname"] = access.tls.server_name
    return options


class _Opened(ClientConnection):
    """A connection whose handshake replaces the headers of the library by those it is given, and adds the others.

    `asked` is when its request left (`time.perf_counter`). A server that keeps TCP open after its close frame, or after
    it has broken RFC 6455, is cut off: the library itself would notice the end only when it sends something.
    """

    asked = 0.0
    _is_ending = False
    _pings = 0

    def data_received(self, data: bytes) -> None:
        """Take what comes; the end of TCP may take a while, and not for ever."""
        super().data_received(data)
        if self.close_deadline is not None and not self._is_ending:
            self._is_ending = True
            self.loop.call_at(self.close_deadline, self.transport.abort)

    def process_event(self, event: Any) -> None:
        """Take a frame; a flood of pings brings no frame to the log, and so is bounded here."""
        super().process_event(event)
        self._pings += getattr(event, "opcode", None) is Opcode.PING
        if self._pings > events.MOST_PINGS and self.protocol.state is State.OPEN:
            self.protocol.fail(CloseCode.POLICY_VIOLATION, events.TOO_MANY_PINGS)
            self.send_data()

    async def handshake(self, additional_headers: Any = None, *more: Any, **options: Any) -> None:
        """Perform the opening handshake."""
        build = self.protocol.connect

        def request() -> Any:
            self.asked = time.perf_counter()
            made = build()
            for name in additional_headers or ():
                made.headers.pop(name, None)
            return made

        # The library has no other place where the headers it writes by itself can be replaced.
        vars(self.protocol)["connect"] = request
        await super().handshake(additional_headers, *more, **options)


def _stay(redirect: Exception) -> Exception:
    return redirect
