"""Every connection of a run that is open, and those that have just ended, by the instance that they lead to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.wire.connection import Connection

REMEMBERED = 5.0
"""Seconds for which the end of a connection is remembered."""


@dataclass(slots=True)
class _Life:
    instance: int
    began: float
    ended: float | None = None


class OpenConnections:
    """Knows which connections live beside one that has ended, and which have been silent for a while."""

    def __init__(self) -> None:
        self._lives: dict[Connection, _Life] = {}

    def add(self, connection: Connection, instance: int) -> None:
        """Note a connection that has been let in."""
        now = time.perf_counter()
        old = [one for one, life in self._lives.items() if life.ended is not None and life.ended < now - REMEMBERED]
        for one in old:
            del self._lives[one]
        self._lives[connection] = _Life(instance, now)

    def end(self, connection: Connection) -> None:
        """Note that it has ended."""
        if connection in self._lives:
            self._lives[connection].ended = time.perf_counter()

    def beside(self, ended: Connection, instance: int, moment: float) -> list[Connection]:
        """Give those that lived beside one that has ended, until a `moment` (seconds) before at least.

        Those that we have ended ourselves say nothing, and are left out.
        """
        end = self._lives[ended].ended or time.perf_counter()
        return [
            one
            for one, life in self._lives.items()
            if one is not ended
            and (life.instance, life.began < end) == (instance, True)
            and (life.ended is None or life.ended > end - moment)
            and not (one.closed is not None and one.closed.ours)
        ]

    def silent(self, seconds: float) -> Iterator[Connection]:
        """Give the open ones to keep in use on which we have sent nothing for so long."""
        since = time.perf_counter() - seconds
        open_still = [one for one, life in self._lives.items() if life.ended is None]
        yield from [one for one in open_still if one.keepalive and one.reads and one.spoke < since]
