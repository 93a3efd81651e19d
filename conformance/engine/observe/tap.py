"""Reads messages and control frames from a copy of one direction of a WebSocket, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.exceptions import InvalidHeader, PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.headers import parse_extension
from websockets.streams import StreamReader

if TYPE_CHECKING:
    from collections.abc import Generator

MAX_MESSAGE = 1 << 20
"""The largest message that is read, in bytes after inflation; after a larger one, its direction is not read."""

MOST_HELD = 64 << 20
"""The most bytes of unfinished messages of all connections together."""

SHARE = 65536
"""The bytes that each direction may hold even if that limit is reached."""

DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message, joined and inflated: `str` for text, `bytes` for binary or for text that is not UTF-8."""

    data: str | bytes
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A ping, a pong or a close frame; `said` describes it."""

    opcode: Opcode
    said: str


@dataclass(frozen=True, slots=True)
class Blind:
    """Nothing of this direction can be read from here on; `reason` says why."""

    reason: str


Event = Message | Control | Blind


@dataclass(frozen=True, slots=True)
class Deflate:
    """The parameters of permessage-deflate (RFC 7692) that client and server agreed on, for each sender."""

    client_resets: bool = False
    client_bits: int = 15
    server_resets: bool = False
    server_bits: int = 15

    def of(self, sender: str) -> PerMessageDeflate:
        """Give the extension that inflates what one side sends."""
        resets, bits = (
            (self.client_resets, self.client_bits) if sender == "client" else (self.server_resets, self.server_bits)
        )
        return PerMessageDeflate(resets, True, bits, 15)


def agreed(extensions: str) -> Deflate | None:
    """Read the header Sec-WebSocket-Extensions of the server; raises ValueError if messages cannot be read."""
    if not extensions.strip():
        return None
    try:
        found = parse_extension(extensions)
        names = ", ".join(name for name, _ in found)
        if names != "permessage-deflate":
            raise ValueError(f"they agreed on the extension {names[:80]}, which cannot be read")
        words = dict(found[0][1])
        bits = {name: int(words.get(f"{name}_max_window_bits") or 15) for name in ("client", "server")}
        if not all(8 <= one <= 15 for one in bits.values()):
            raise ValueError("they agreed on a window size that permessage-deflate does not have")
    except InvalidHeader:
        raise ValueError("Sec-WebSocket-Extensions of the server cannot be read") from None
    return Deflate(
        "client_no_context_takeover" in words, bits["client"], "server_no_context_takeover" in words, bits["server"]
    )


class Held:
    """The bytes of unfinished messages that all taps of a relay hold together."""

    def __init__(self) -> None:
        self.bytes = 0


class Tap:
    """Takes the bytes that one side sends, and gives the events in them."""

    def __init__(self, sender: str, deflate: Deflate | None = None, held: Held | None = None) -> None:
        """Begin after the handshake; `sender` is `client`, whose frames are masked, or `server`."""
        self._held = held or Held()
        self._own = 0
        self._masked = sender == "client"
        self._extensions = [deflate.of(sender)] if deflate is not None else []
        self._reader = StreamReader()
        self._found: list[Event] = []
        self._parts: list[bytes] = []
        self._size = 0
        self._text = True
        self._blind = False
        self._work = self._run()
        next(self._work)

    def feed(self, data: bytes) -> list[Event]:
        """Give the events that these bytes complete."""
        if self._blind:
            return []
        self._found = []
        self._hold(len(self._reader.buffer) + len(data))
        self._reader.feed_data(data)
        try:
            next(self._work)
        except PayloadTooBig:
            self.stop(f"a message of more than {MAX_MESSAGE:,} bytes passed")
        except ProtocolError as error:
            self.stop(f"it breaks RFC 6455: {error}")
        if not self._blind:
            self._hold(len(self._reader.buffer))
            if self._held.bytes > MOST_HELD and self._own > SHARE:
                self.stop("too many large messages passed at once")
        return self._found

    def close(self) -> None:
        """Free the memory after the connection has ended."""
        if not self._blind:
            self.stop("")

    def _hold(self, waiting: int) -> None:
        own = waiting + (self._size if self._parts else 0)
        self._held.bytes += own - self._own
        self._own = own

    def stop(self, reason: str) -> None:
        """Stop reading, and free the memory."""
        self._blind = True
        self._found.append(Blind(reason))
        self._reader.discard()
        self._parts, self._extensions = [], []
        self._hold(0)

    def _run(self) -> Generator[None, None, None]:
        while True:
            frame = yield from Frame.parse(
                self._reader.read_exact, mask=self._masked, max_size=MAX_MESSAGE, extensions=self._extensions
            )
            if frame.opcode in DATA:
                self._take(frame)
            else:
                self._found.append(Control(frame.opcode, _said(frame)))

    def _take(self, frame: Frame) -> None:
        if (frame.opcode is Opcode.CONT) != bool(self._parts):
            raise ProtocolError("a fragment in a wrong place")
        if frame.opcode is not Opcode.CONT:
            self._text, self._size = frame.opcode is Opcode.TEXT, 0
        self._size += len(frame.data)
        if self._size > MAX_MESSAGE or len(self._parts) > MAX_MESSAGE // 64:
            raise PayloadTooBig(self._size, MAX_MESSAGE)
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._found.append(self._message(whole))

    def _message(self, whole: bytes) -> Message:
        if not self._text:
            return Message(whole)
        try:
            return Message(whole.decode())
        except UnicodeDecodeError:
            return Message(whole, "its text is not UTF-8")


def _said(frame: Frame) -> str:
    if frame.opcode is not Opcode.CLOSE:
        return f"WebSocket {frame.opcode.name.lower()}, {len(frame.data)} bytes"
    try:
        return f"closed with {Close.parse(frame.data).code}"
    except ProtocolError:
        return "closed with a close frame that breaks RFC 6455"
