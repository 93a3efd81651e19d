"""For how long a connection has been idle: some gateways end one that is so for too long."""

from __future__ import annotations

import time

UNREAD = 0.2
"""Seconds after a gap in which what comes may have been waiting to be read, and shows nothing of the connection."""


class Activity:
    """When the last message went each way (`time.perf_counter`); pings and pongs are no messages.

    Gateways count each direction by itself, or one of them. Whoever writes to a connection that has just been ended
    for being idle learns of the end afterwards: a message of ours ends the idle time only when something has come back.
    `spoke` is when anything at all was last written, pings too.
    """

    def __init__(self) -> None:
        self._sent = self._heard = self.spoke = time.perf_counter()
        self._before = self._untended = self._resumed = 0.0

    def sent(self) -> float:
        """Note that a message of ours leaves now, and give that moment."""
        now = time.perf_counter()
        self._before = max(self._before, now - self._sent)
        self._sent = now
        self.spoken()
        return now

    def spoken(self) -> None:
        """Note that something leaves now, if only a ping."""
        now = time.perf_counter()
        if now - self.spoke >= self._untended:
            self._untended, self._resumed = now - self.spoke, now
        self.spoke = now

    def heard(self) -> float:
        """Note that a message has come, and give that moment."""
        self._heard, self._before = time.perf_counter(), 0.0
        if self._heard - self._resumed >= UNREAD:
            self._untended = 0.0
        return self._heard

    def idle(self, lingered: float = 0.0) -> float:
        """Give the seconds without a message one way, the longer of the two, until `lingered` seconds ago."""
        end = time.perf_counter() - lingered
        return max(self._before, end - self._sent, end - self._heard)

    def untended(self, lingered: float = 0.0) -> float:
        """Give the longest time in seconds in which we wrote nothing, not even a ping, and that may be why it ended."""
        return max(self._untended, time.perf_counter() - lingered - self.spoke)
