"""The WebSocket protocol of uvicorn, with the ways to close that it lacks.

Every connection must end in time and with a reason that the client can read. uvicorn writes a close frame
and closes the socket: unread input then turns the close into a TCP reset that overtakes the close frame, and
a client that never reads keeps the socket open for ever. Here a connection lingers briefly after its close
frame, reading and discarding, and is then cut.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope
    from starlette.websockets import WebSocket
    from uvicorn._types import ASGISendEvent

EXTENSION = "reference_server.line"
LINGER_S = 1.0
SHUTDOWN_LINGER_S = 0.5
#: Of one message. Their bytes are bounded as well, but an empty fragment has none.
FRAGMENTS = 4096
BAD_UPGRADE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Line(Protocol):
    """What a connection can do at once, without waiting for a client that does not read."""

    #: Whether the application's `send` is the line's own, and nothing between them changes what is sent.
    is_direct: bool

    async def send(self, message: ASGISendEvent) -> None:
        """Send, when the client has read enough of what came before."""

    def write_text(self, text: str) -> bool:
        """Write a text; False: it has to take the way of all messages, through the application's `send`."""

    def hang_up(self, code: int, reason: str) -> None:
        """Send a close frame, give the client a moment to answer it, then cut the connection."""

    def cut(self) -> None:
        """Cut the connection without a close frame."""


def line_of(websocket: WebSocket) -> Line:
    """Return the line under a WebSocket that is served with `LingeringProtocol`."""
    return line_in(websocket.scope)


def line_in(scope: Scope) -> Line:
    """Return the line under the WebSocket of an ASGI scope."""
    line: Line = scope["extensions"][EXTENSION]
    return line


@lru_cache(1)
def text_frame(text: str) -> bytes:
    """Write a text as it goes over the wire: once for all who get it, one after the other."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class LingeringProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, ending every connection with its reason and in time."""

    is_direct = False
    _lingering = False
    _early = b""

    def data_received(self, data: bytes) -> None:
        """Keep what comes before the answer to the upgrade, and discard what comes after a fatal error."""
        if self._lingering or self.transport.is_closing():
            return
        if self.handshake_initiated and not self.handshake_complete:
            self._early += data
            self.transport.pause_reading()  # no more before the answer
            return
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self._refuse_upgrade()

    def handle_parser_exception(self) -> None:
        """Close with 1002, 1007 or 1009, and give the client time to read the close frame."""  # CONN-6, CONN-7
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._lingering = True
        self._end(LINGER_S)
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def write_text(self, text: str) -> bool:
        """Write a text if the client reads, and if the same bytes are good for every client."""
        is_open = self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing()
        if not (is_open and self.is_direct and self.writable.is_set()) or self.conn.extensions:
            return False
        self.transport.write(text_frame(text))
        return True

    def hang_up(self, code: int, reason: str) -> None:
        """Send a close frame without waiting for the client to read what comes before it."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        try:
            self.conn.send_close(code, reason)
        except InvalidState:  # the client closes at the same moment
            self.transport.close()
            return
        self._end(LINGER_S)

    def cut(self) -> None:
        """Cut the connection without a close frame, as a network does."""
        self.transport.abort()

    def shutdown(self) -> None:
        """Close with 1012, and do not wait for a client that does not read."""
        super().shutdown()
        self._cut_after(SHUTDOWN_LINGER_S)

    def handle_ping(self) -> None:
        """Answer, unless the client does not read: answers would pile up in memory."""
        answer = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(answer)

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment; empty ones count, too."""
        if self._lingering:
            return
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
        else:
            self.conn.fail(CloseCode.POLICY_VIOLATION, "too many fragments")
            self.handle_parser_exception()

    async def run_asgi(self) -> None:
        """Let the application close the connection."""
        self.scope["extensions"] = cast("Any", {**(self.scope.get("extensions") or {}), EXTENSION: self})
        await super().run_asgi()

    async def send(self, message: ASGISendEvent) -> None:
        """Send; after the upgrade, read what the client has sent before it."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # uvicorn would report that nothing was answered
        if message["type"] == "websocket.accept" and self._early:
            early, self._early = self._early, b""
            self.transport.resume_reading()
            self.data_received(early)

    def _refuse_upgrade(self) -> None:
        """Answer a request that is HTTP and asks for a WebSocket in a way that no client may."""
        self._lingering = True
        self.handshake_complete = True
        self.close_sent = True
        self.transport.write(BAD_UPGRADE)
        self.transport.close()

    def _end(self, linger: float) -> None:
        self.stop_keepalive()
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self._cut_after(linger)

    def _cut_after(self, delay: float) -> asyncio.TimerHandle:
        return self.loop.call_later(delay, self.transport.abort)
