"""One WebSocket to the server under test: the only module that touches a socket of it.

A reader task appends every frame to a log from the first moment on, so that the server never waits for us, unless a
scenario wants just that: a client that stops reading changes the server under test. The log has a limit in bytes; a
server that floods it is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import Opcode
from websockets.protocol import State

from conformance.target.dialect.raw import RawWriter
from conformance.wire.activity import Activity
from conformance.wire.events import Closed, Received, Sent, how_it_ended
from conformance.wire.frame_budget import Memory, MemoryShare
from conformance.wire.frames import read
from conformance.wire.lateness import Lateness
from conformance.wire.raw_frames import RawMessage, wire_frame
from conformance.wire.reply_count import ReplyCount
from conformance.wire.waiting import Changes
from conformance.wire.waits import AFTER_ERROR, BUSY, CLOSING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from websockets.asyncio.client import ClientConnection

    from conformance.spec.messages import Message
    from conformance.spec.protocol import Protocol
    from conformance.target.dialect import Dialect

FIRST_CONTROL = 8
"""The first opcode of control frames, which may come between the fragments of a message."""


class Connection:
    """A connection, open or closed.

    `log` has all frames in order. `claimed` has the indices that an expectation or a barrier has claimed, `barriers`
    those of barriers alone, and `greeting` that of the greeting. `sent` has the requests so far, `replies` counts their
    replies. The connection awaits `turn` before each request of the barrier; callers await it before all else.
    `used` has the entries of the target's dialect that any frame used. `unfinished`: the last fragment of our message
    is still to come, and no other message may begin before it (RFC 6455 §5.4). `fastest` has the seconds of the
    fastest reply of the barrier. `on_own` is called with each frame that the harness sends for itself.
    `reads`: frames are taken from the socket as they come. `keepalive`: our own pings keep it in use while it waits.
    `lags`: the barrier was given up although frames still came.
    """

    def __init__(
        self,
        name: str,
        socket: ClientConnection,
        protocol: Protocol,
        known: Mapping[str, Message],
        dialect: Dialect | None = None,
        memory: Memory | None = None,
        lateness: Lateness | None = None,
        replies: Collection[str] = (),
    ) -> None:
        self.name = name
        self.used: set[str] = set()
        self.log: list[Received] = []
        self.claimed: set[int] = set()
        self.barriers: set[int] = set()
        self.sent: list[Sent] = []
        self.greeting: int | None = None
        self.closed: Closed | None = None
        self.unfinished = False
        self.reads = self.keepalive = True
        self.lags = False
        self.activity = Activity()
        self.fastest: float | None = None
        self._socket = socket
        self._protocol = protocol
        self._known = known
        self._incoming = dialect.incoming if dialect else None
        self._outgoing = dialect.outgoing if dialect else None
        self._raw = RawWriter(dialect.incoming, self.used) if dialect else None
        self._kept = MemoryShare(memory or Memory())
        self._raw_message = RawMessage(protocol.discriminator)
        self.replies = ReplyCount(protocol.barrier_reply, protocol.error, replies)
        self._changes = Changes(lateness or Lateness())
        self._fault = ""
        self._dropping = False
        self._piece = bytearray()
        self.on_frame: Callable[[Connection, Received], None] = lambda *_: None
        self.on_own: Callable[[Connection, str], None] = lambda *_: None
        self.on_close: Callable[[Connection, Closed], None] = lambda *_: None
        self.turn: Callable[[], Awaitable[None]] = _at_once
        self._reader = asyncio.create_task(self._read(), name=f"reader of {name}")

    async def send_frame(self, frame: Mapping[str, Any]) -> None:
        """Send one protocol frame as compact JSON."""
        kind = frame[self._protocol.discriminator]
        self.sent.append(Sent(kind, len(self.log)))
        if kind == self._protocol.barrier_request[self._protocol.discriminator]:
            self.replies.sent_barrier_request()
        await self._write(self._encoded(frame))

    def note_raw(self, data: str | bytes, *, final: bool = True) -> bool:
        """Record a raw message, or a fragment of one, as a request; one that is clearly no request has no type.

        True: it is a barrier request; the caller should wait for the server's reply or refusal.
        """
        kind = self._raw_message.type_of(data, final=final)
        if kind is None:
            return False
        self.sent.append(Sent(kind, len(self.log)))
        return bool(kind == self._protocol.barrier_request[self._protocol.discriminator])

    async def send_text(self, text: str) -> None:
        """Send a raw text frame; half surrogate pairs cannot be sent and raise UnicodeEncodeError."""
        await self._write(self._raw.message(text.encode()).decode() if self._raw else text)

    async def send_bytes(self, data: bytes) -> None:
        """Send a raw binary frame."""
        await self._write(self._raw.message(data) if self._raw else data)

    def speak(self, payloads: Sequence[bytes], *, final: bool) -> list[bytes]:
        """Translate raw fragments of one message into the target's dialect; `final`: the last one ends it."""
        return self._raw.fragments(payloads, final=final) if self._raw else list(payloads)

    def send_wire(self, opcode: int, payload: bytes, *, fin: bool = True, more: bool = False) -> None:
        """Write one WebSocket frame as it is (RFC 6455 §5.2), masked, past the library's checks and the dialect.

        `more`: keep it until the next frame, and send both in one piece.
        """
        self.replies.written += 1
        self.activity.sent()
        if opcode < FIRST_CONTROL:
            self.unfinished = not fin
        self._piece += wire_frame(opcode, payload, fin=fin)
        if not more:
            self._write_wire(bytes(self._piece))
            self._piece.clear()

    def keep_alive(self) -> bool:
        """Send a ping and do not wait for its pong, so that no gateway closes the connection as idle.

        False: the connection is ending.
        """
        self.on_own(self, "WebSocket ping, so that the connection is not taken for idle")
        return self._write_wire(wire_frame(Opcode.PING, b""))

    def _write_wire(self, wire: bytes) -> bool:
        """Write bytes past the library; do nothing once the library has begun to close the connection."""
        self.activity.spoken()
        open_still = self._socket.state is State.OPEN and not self._socket.transport.is_closing()
        if open_still:
            self._socket.transport.write(wire)
        return open_still

    async def ws_ping(self, payload: bytes, timeout: float) -> bool:
        """Send a ping frame (RFC 6455 §5.5.2) and say whether its pong came, with the same payload."""
        try:
            waiter = asyncio.ensure_future(await self._socket.ping(payload))
        except ConnectionClosed:
            return False
        waiter.add_done_callback(lambda _: self._changes.tell())
        if await self.until(waiter.done, timeout):
            return not waiter.cancelled() and waiter.exception() is None
        return not waiter.cancel()

    async def barrier(self, timeout: float) -> bool:
        """Send the barrier's request and wait for its reply: then all earlier requests are handled. False: no reply.

        The timeout is for a silent server. A server that still sends other frames gets up to `BUSY` times as long.
        An Error may be the reply, too, where the server counts such requests against a limit.
        """
        await self.turn()
        if self.closed is not None or self.unfinished or not self.reads:
            return False
        mine, before, began = self.replies.ask(), len(self.log), time.perf_counter()
        self.on_own(self, f"{json.dumps(self._protocol.barrier_request)}, to know when all before it is handled")
        await self._write(self._encoded(self._protocol.barrier_request))
        answered = False
        for _ in range(BUSY):
            seen = len(self.log)
            answered = await self.until(lambda: self.replies.is_answered(mine), timeout)
            if answered or self.closed is not None or len(self.log) == seen:
                break
        else:
            self.lags = True
        if answered and self.replies.is_refused(mine):
            await self.until(lambda: not self.replies.is_refused(mine), AFTER_ERROR)
        elif answered:
            self.fastest = min(self.fastest or timeout * BUSY, time.perf_counter() - began)
        elif not self.lags and any(one.frame.type == self._protocol.error for one in self.log[before:]):
            self.replies.give_up(mine)
        return answered

    @property
    def busy(self) -> bool:
        """Whether a request was sent after which neither its reply nor a barrier has come."""
        return self.replies.written > self.replies.handled

    async def until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until the condition holds, and check it at each change of the log; False: it does not hold in time.

        The wait lasts longer by the delay of this process itself.
        """
        return await self._changes.until(condition, timeout, lambda: self.closed is not None)

    def stop_reading(self) -> None:
        """Leave all incoming bytes in the kernel, so that the server soon cannot send any more."""
        self.reads = False
        if not self._socket.transport.is_closing():
            self._socket.transport.pause_reading()

    def resume_reading(self) -> None:
        """Continue to read after `stop_reading`."""
        self.reads = True
        if not self._socket.transport.is_closing():
            self._socket.transport.resume_reading()

    async def ended(self) -> None:
        """Wait until the connection has ended, from either side."""
        await asyncio.wait([self._reader])

    async def close(self, within: float = CLOSING) -> None:
        """Close with a close handshake; if it does not end `within` seconds, by a TCP reset."""
        if not self.reads:
            await self.drop()  # Nothing would read the server's half of a closing handshake.
        elif self.closed is None:
            self._socket.close_timeout = within
            await self._socket.close()
        await asyncio.wait([self._reader])

    async def drop(self) -> None:
        """Close by a TCP reset."""
        self._dropping = self.closed is None
        self._socket.transport.abort()
        await asyncio.wait([self._reader])

    def forget(self) -> None:
        """Release the memory of its frames: nothing reads them again."""
        self._kept.release()

    def _encoded(self, frame: Mapping[str, Any]) -> str:
        if self._incoming is not None:
            translated = self._incoming.to_wire(frame)
            self.used |= translated.used
            frame = translated.value
        return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))

    async def _write(self, data: str | bytes) -> None:
        self.replies.written += 1
        self.activity.sent()
        # The next step finds the connection closed, and describes that better than a failed send.
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(data)

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._socket.recv())
        except ConnectionClosed as error:
            self.closed = how_it_ended(error, self.activity, self._socket, dropping=self._dropping, fault=self._fault)
        except (OSError, WebSocketException, EOFError) as error:  # pragma: no cover -- websockets wraps these
            self.closed = Closed(None, fault=str(error))
        self.on_close(self, self.closed)
        self._changes.tell()

    def _take(self, data: str | bytes) -> None:
        self._fault = self._fault or self._kept.take(len(data))
        if self._fault:
            self._socket.transport.abort()
            return
        frame = read(data, self._protocol.discriminator, self._known, self._outgoing)
        received = Received(self.activity.heard(), frame)
        self.used |= frame.used or frozenset()
        self.log.append(received)
        if self.replies.take(frame.type, place := len(self.log) - 1):
            self.claimed.add(place)
            self.barriers.add(place)
            self._release(self.replies.mistaken)
            self._changes.tell()
            return
        self.on_frame(self, received)
        self._changes.tell()

    def _release(self, places: set[int]) -> None:
        """Give frames back that were claimed by mistake."""
        self.claimed -= places
        self.barriers -= places
        for place in sorted(places):
            self.on_frame(self, self.log[place])
        places.clear()


async def _at_once() -> None:
    """Delay nothing."""
