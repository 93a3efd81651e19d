"""One connection: what it has joined, and what waits to be sent to it.

Frames are written at once while the client reads. Where it lags, they go through a bounded outbox and a writer task, so
that it delays nobody else. Its own requests wait while half of the outbox is full (`drained`); the events of others do
not, and end the connection when nothing more fits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from reference_server.transport import line_of

if TYPE_CHECKING:
    from reference_server.auth import Identity
    from reference_server.metrics import Metrics

TOKEN_EXPIRED = 4401
READER_TOO_SLOW = 4408
#: Timers are set again after this long: event loops do not promise anything about longer ones.
LONGEST_TIMER_S = 24 * 3600.0

logger = logging.getLogger(__name__)


class Connection:
    """The server's side of one WebSocket.

    `is_open`: frames can still be sent. `hung_up`: this server has cut the connection, and handles no request any more;
    a client that leaves by itself still gets all its requests handled.
    """

    def __init__(self, websocket: WebSocket, identity: Identity, frames: int, size: int, metrics: Metrics) -> None:
        self.id: UUID = uuid4()
        self.user_id: UUID = identity.user_id
        self.joined: set[UUID] = set()
        self.is_open = True
        self.hung_up = False
        self._websocket = websocket
        self._line = line_of(websocket)
        self._expires_at = identity.expires_at
        self._metrics = metrics
        self._outbox: list[tuple[str, float | None]] = []  # a deque takes 0.7 KB while it is empty
        self._outbox_size = 0
        self._max_frames = frames
        self._max_size = size
        self._drained = asyncio.Event()
        self._drained.set()
        self._writer: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def start(self, leeway: float) -> None:
        """Watch the token."""
        self._expires_at += leeway
        self._watch_expiry()

    async def stop(self) -> None:
        """Write no more."""
        self.is_open = False
        if self._expiry is not None:
            self._expiry.cancel()
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer

    def send(self, frame: str, *, fleeting: bool = False, since: float | None = None) -> None:
        """Send a frame; drop a fleeting one while the reader lags. Measure the time `since` then, when it is sent."""
        if not self.is_open:
            return
        if not self._outbox and self._line.write_text(frame):
            self._observe(since)
            return
        if fleeting and not self._drained.is_set():
            self._metrics.dropped.inc()
            return
        size = _bytes_of(frame)
        too_many = len(self._outbox) >= self._max_frames
        too_much = bool(self._outbox) and self._outbox_size + size > self._max_size
        if too_many or too_much:
            self.hang_up(READER_TOO_SLOW, "The reader is too slow.")
            return
        self._outbox.append((frame, since))
        self._outbox_size += size
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        self._measure()

    async def drained(self) -> None:
        """Wait until the reader has caught up enough to take more frames, or is gone."""
        await self._drained.wait()

    def hang_up(self, code: int, reason: str) -> None:
        """Cut the connection now."""
        if self.is_open:
            self.is_open = False
            self.hung_up = True
            self._metrics.cut(code)
            self._drained.set()
            self._line.hang_up(code, reason)

    async def _write(self) -> None:
        """Write what waits."""
        try:
            while self._outbox:
                frame, since = self._outbox[0]
                await self._websocket.send_text(frame)
                self._observe(since)
                del self._outbox[0]
                self._outbox_size -= _bytes_of(frame)
                self._measure()
        except (WebSocketDisconnect, RuntimeError):
            self.is_open = False  # the client is gone, or this server has closed the connection
        finally:
            self._drained.set()

    def _observe(self, since: float | None) -> None:
        if since is not None:
            self._metrics.fan_out.observe(time.perf_counter() - since)

    def _measure(self) -> None:
        """Say whether the reader keeps up."""
        if len(self._outbox) * 2 < self._max_frames and self._outbox_size * 2 < self._max_size:
            self._drained.set()
        else:
            self._drained.clear()

    def _watch_expiry(self) -> None:
        """Close the connection when the token has expired and its leeway is over."""  # AUTH-4
        left = self._expires_at - time.time()
        if left <= 0:
            self.hang_up(TOKEN_EXPIRED, "The token has expired.")
            return
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(min(left, LONGEST_TIMER_S), self._watch_expiry)


def _bytes_of(frame: str) -> int:
    return len(frame) if frame.isascii() else len(frame.encode())
