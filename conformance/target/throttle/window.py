"""A sliding window: at most so many in any stretch of time."""

from __future__ import annotations

import math
from collections import deque

MARGIN = 1.05
"""What leaves us evenly may arrive a little closer together."""


class Window:
    """Lets `rate` things happen per second, seen over a second, or over as long as one of them takes if that is more.

    >>> window = Window(2)
    >>> window.take(0.0), window.take(0.1), window.due(0.2)
    (None, None, 1.05)
    """

    def __init__(self, rate: float) -> None:
        self._count = max(1, math.floor(rate))
        self._seconds = self._count / rate * MARGIN
        self._taken: deque[float] = deque(maxlen=self._count)

    def due(self, now: float) -> float:
        """Give the time from which the next one may happen: `now`, or later."""
        if len(self._taken) < self._count:
            return now
        return max(now, self._taken[0] + self._seconds)

    def take(self, now: float) -> None:
        """Note that one happens."""
        self._taken.append(now)

    def idle(self, now: float) -> bool:
        """Say whether nothing has happened for so long that the window can be forgotten."""
        return not self._taken or self._taken[-1] + self._seconds <= now
