"""Separates the time that our own throttle takes from the time that the target takes."""

from __future__ import annotations

import time

NO_WAIT = 0.001
"""Seconds; a shorter wait does not count."""


class ThrottledTime:
    """A stopwatch for the seconds in which our own throttle delayed a scenario, at one place or several."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._places = 0
        self._since = 0.0

    def __enter__(self) -> None:
        if not self._places:
            self._since = time.perf_counter()
        self._places += 1

    def __exit__(self, *_: object) -> None:
        self._places -= 1
        if not self._places and (seconds := time.perf_counter() - self._since) > NO_WAIT:
            self.seconds += seconds
