"""Puts the events of one conversation in order, whichever way they come."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.pubsub import Notice, Subscriber

#: While the database is gone, no more notices without a position are kept: they are outdated before they are read.
WAITING = 100


@dataclass(slots=True)
class Follower:
    """The subscribers of one channel in this process, and the position up to which they have been told everything.

    A channel without positions has None: what comes is handed on at once.
    """

    subscribers: list[Subscriber] = field(default_factory=list)
    position: int | None = None
    #: The highest position that has been heard of.
    known: int = 0
    #: Notices without a position that came while events before them were missing.
    waiting: deque[Notice] = field(default_factory=lambda: deque(maxlen=WAITING))

    @property
    def is_behind(self) -> bool:
        """Say whether events are missing that the journal has."""
        return self.position is not None and self.known > self.position

    def offer(self, position: int | None, notice: Notice) -> None:
        """Hand a notice on, once and in its turn; one that comes too early is left to the journal."""
        if position is None or self.position is None:
            if self.is_behind:
                self.waiting.append(notice)
            else:
                self._hand_on(notice)
            return
        self.known = max(self.known, position)
        if position == self.position + 1:
            self.position = position
            self._hand_on(notice)
            if not self.is_behind:
                self._hand_on_waiting()

    def learn(self, known_before: int, position: int) -> None:
        """Believe the database, which was asked when `known_before` was known, and not what was only said."""
        if self.known == known_before and self.position is not None:
            self.known = max(position, self.position)
        else:
            self.known = max(position, self.known)

    def begin(self, position: int) -> None:
        """Take what comes after a position as the next."""
        self.position = position
        self.known = max(self.known, position)

    def skip(self, position: int) -> None:
        """Give up what is no longer in the journal."""
        self.begin(position)
        if not self.is_behind:
            self._hand_on_waiting()

    def _hand_on(self, notice: Notice) -> None:
        for subscriber in tuple(self.subscribers):
            subscriber(notice)

    def _hand_on_waiting(self) -> None:
        while self.waiting:
            self._hand_on(self.waiting.popleft())
