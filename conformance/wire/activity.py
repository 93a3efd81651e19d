"""For how long a connection has been idle: some gateways end one that is so for too long."""

from __future__ import annotations

import time


class Activity:
    """When the last message went each way (`time.perf_counter`); pings and pongs are no messages.

    Gateways count each direction by itself, or one of them. Whoever writes to a connection that has just been ended
    for being idle learns of the end afterwards: a message of ours ends the idle time only when something has come back.
    """

    def __init__(self) -> None:
        self._sent = self._heard = time.perf_counter()
        self._before = 0.0

    def sent(self) -> float:
        """Note that a message of ours leaves now, and give that moment."""
        now = time.perf_counter()
        self._before = max(self._before, now - self._sent)
        self._sent = now
        return now

    def heard(self) -> float:
        """Note that a message has come, and give that moment."""
        self._heard, self._before = time.perf_counter(), 0.0
        return self._heard

    def idle(self) -> float:
        """Give the seconds without a message one way, the longer of the two."""
        now = time.perf_counter()
        return max(self._before, now - self._sent, now - self._heard)
