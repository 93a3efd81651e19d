"""The open connections of a run, and those that ended recently, by instance."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.wire.connection import Connection

REMEMBERED = 5.0
"""Seconds for which an ended connection is remembered."""


@dataclass(slots=True)
class _Life:
    instance: int
    began: float
    ended: float | None = None


class OpenConnections:
    """Knows which connections stayed open when another one ended, and which have been silent for a while."""

    def __init__(self) -> None:
        self._lives: dict[Connection, _Life] = {}

    def add(self, connection: Connection, instance: int) -> None:
        """Add an accepted connection."""
        now = time.perf_counter()
        old = [one for one, life in self._lives.items() if life.ended is not None and life.ended < now - REMEMBERED]
        for one in old:
            del self._lives[one]
        self._lives[connection] = _Life(instance, now)

    def end(self, connection: Connection) -> None:
        """Record that a connection has ended."""
        if connection in self._lives:
            self._lives[connection].ended = time.perf_counter()

    def beside(self, ended: Connection, instance: int, moment: float) -> list[Connection]:
        """Give the connections that were open beside an ended one, at least until `moment` seconds before its end.

        It leaves out those that we closed ourselves: they say nothing.
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

    def living_beside(self, ended: Connection) -> int:
        """Count those of the same instance that are open, though this one has ended."""
        if ended not in self._lives:
            return 0
        instance = self._lives[ended].instance
        return sum(life.instance == instance and life.ended is None for life in self._lives.values())

    def silent(self, seconds: float) -> Iterator[Connection]:
        """Give the open connections to keep in use on which we have sent nothing for this many seconds."""
        since = time.perf_counter() - seconds
        open_still = [one for one, life in self._lives.items() if life.ended is None]
        yield from [one for one in open_still if one.keepalive and one.reads and one.activity.spoke < since]
