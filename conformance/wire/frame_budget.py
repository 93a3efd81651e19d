"""How much of what a server sends may be kept at a time, whatever it sends and on however many connections."""

from __future__ import annotations

MAX_LOG = 16 << 20
"""Bytes that one connection may bring."""
MAX_RUN = 256 << 20
"""Bytes that all connections of a run may hold together."""
SHARE = 1 << 20
"""Bytes that every connection may bring even then: it should not suffer for what others were sent."""
FRAME_COST = 512
"""Bytes that a frame counts besides its own: a flood of tiny frames takes memory, too."""


class Memory:
    """What the open connections of one run hold.

    A run takes at most `MAX_RUN` bytes, and `SHARE` for each connection that is open: whoever brings more while the run
    is full is cut off, which hits those that are flooded.
    """

    def __init__(self) -> None:
        self.bytes = 0


class Log:
    """What one connection holds of it; `release` when its frames are gone."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._bytes = 0
        self._released = False

    def take(self, size: int) -> str:
        """Count a frame; gives why it cannot be kept, empty when it can."""
        if self._released:
            return "nobody listens any more"
        cost = size + FRAME_COST
        self._bytes += cost
        self._memory.bytes += cost
        if self._bytes > MAX_LOG:
            return f"the server sent more than {MAX_LOG:,} bytes"
        if self._memory.bytes > MAX_RUN and self._bytes > SHARE:
            return f"the server sent more than {MAX_RUN:,} bytes to all connections that were open together"
        return ""

    def release(self) -> None:
        """Give everything back."""
        if not self._released:
            self._memory.bytes -= self._bytes
        self._released = True
