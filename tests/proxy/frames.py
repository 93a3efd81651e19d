"""WebSocket frames as bytes (RFC 6455 §5.2): read as they come, written as they are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NO_MASK = bytes(4)


@dataclass(frozen=True, slots=True)
class WireFrame:
    """One frame: its first byte, its payload unmasked, and all its bytes as they came."""

    first: int
    payload: bytes
    raw: bytes

    @property
    def opcode(self) -> int:
        """Give the kind of frame."""
        return self.first & 0x0F

    @property
    def final(self) -> bool:
        """Tell whether it ends its message."""
        return bool(self.first & 0x80)

    @property
    def whole_text(self) -> bool:
        """Tell whether it is a text message in one piece."""
        return self.first == 0x80 | TEXT


async def read(reader: asyncio.StreamReader) -> WireFrame:
    """Read the next frame, whatever it is; raises IncompleteReadError at the end."""
    head = await reader.readexactly(2)
    extended = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
    more = await reader.readexactly(extended + (4 if head[1] & 0x80 else 0))
    length = int.from_bytes(more[:extended], "big") if extended else head[1] & 0x7F
    body = await reader.readexactly(length)
    mask = more[extended:]
    return WireFrame(head[0], _masked(body, mask) if mask else body, head + more + body)


def write(opcode: int, payload: bytes, *, masked: bool = False, final: bool = True) -> bytes:
    """Give the bytes of a frame; a client's are masked, with a mask that changes nothing."""
    size, flag = len(payload), 0x80 if masked else 0
    if size < 126:
        length = bytes([flag | size])
    elif size < 2**16:
        length = bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([flag | 127]) + size.to_bytes(8, "big")
    return bytes([(0x80 if final else 0) | opcode]) + length + (NO_MASK if masked else b"") + payload


def _masked(body: bytes, mask: bytes) -> bytes:
    pattern = (mask * (len(body) // 4 + 1))[: len(body)]
    return (int.from_bytes(body, "big") ^ int.from_bytes(pattern, "big")).to_bytes(len(body), "big")
