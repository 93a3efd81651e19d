"""A sliding window: at most a fixed number of events in any interval of its length."""

from __future__ import annotations

import math
from collections import deque

MARGIN = 1.05
"""The factor by which a window is longer: requests may arrive closer together than they were sent."""


class Window:
    """Allows `rate` events per second, measured over one second, or over 1/`rate` seconds if that is longer.

    >>> window = Window(2)
    >>> window.take(0.0), window.take(0.1), window.due(0.2)
    (None, None, 1.05)
    """

    def __init__(self, rate: float) -> None:
        self._count = max(1, math.floor(rate))
        self._seconds = self._count / rate * MARGIN
        self._taken: deque[float] = deque(maxlen=self._count)

    def due(self, now: float) -> float:
        """Give the earliest time of the next event: `now`, or later."""
        if len(self._taken) < self._count:
            return now
        return max(now, self._taken[0] + self._seconds)

    def take(self, now: float) -> None:
        """Record an event."""
        self._taken.append(now)

    def idle(self, now: float) -> bool:
        """Say whether the window is empty, so that it can be dropped."""
        return not self._taken or self._taken[-1] + self._seconds <= now
