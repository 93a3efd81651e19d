"""Raw WebSocket frames and messages: what a scenario sends as it is."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from websockets.frames import Frame, Opcode


def wire_frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Give one WebSocket frame (RFC 6455 §5.2), masked, past the library's checks."""
    # The library checks control frames, so the scenario's first byte replaces the library's.
    wire = bytearray(Frame(Opcode.TEXT, payload).serialize(mask=True))
    wire[0] = fin << 7 | opcode
    return bytes(wire)


class RawMessage:
    """A raw message that may come in fragments, over several steps of a scenario."""

    def __init__(self, discriminator: str) -> None:
        self._discriminator = discriminator
        self._begun = b""

    def type_of(self, data: str | bytes, *, final: bool) -> str | None:
        """Give the type of the whole request, empty where it is clearly no request; None: fragments are missing."""
        self._begun += data.encode(errors="surrogatepass") if isinstance(data, str) else data
        if not final:
            return None
        kind: Any = None
        whole, self._begun = self._begun, b""
        with contextlib.suppress(ValueError, TypeError, LookupError, RecursionError):
            kind = json.loads(whole)[self._discriminator]
        return kind if isinstance(kind, str) else ""
