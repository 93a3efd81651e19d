"""Limits the memory for received frames, whatever a server sends and on however many connections."""

from __future__ import annotations

MAX_LOG = 16 << 20
"""The most bytes of one connection."""
MAX_RUN = 256 << 20
"""The most bytes of all connections of a run together."""
SHARE = 1 << 20
"""Bytes that every connection may use even then: it should not suffer from floods on others."""
FRAME_COST = 512
"""Bytes that each frame counts in addition to its own: a flood of tiny frames takes memory, too."""


class Memory:
    """The memory that the open connections of one run use.

    A run uses at most `MAX_RUN` bytes, and `SHARE` for each open connection. A connection that needs more while the run
    is full is cut off: this hits the flooded ones.
    """

    def __init__(self) -> None:
        self.bytes = 0


class MemoryShare:
    """The share of one connection; call `release` when its frames are dropped."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._bytes = 0
        self._released = False

    def take(self, size: int) -> str:
        """Count a frame; gives the reason why it cannot be kept, empty if it can."""
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
