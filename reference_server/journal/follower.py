"""Puts the events of one conversation in order, from Redis and from the journal."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.pubsub import Notice, Subscriber

#: The most notices without a position that wait for missed events; older ones are outdated anyway.
WAITING = 100


@dataclass(slots=True)
class Follower:
    """The subscribers of one channel in this process, and the position up to which they have all events.

    The position is None for a channel without positions, whose notices are passed on immediately.
    """

    subscribers: list[Subscriber] = field(default_factory=list)
    position: int | None = None
    #: The highest position that is known.
    known: int = 0
    #: Notices without a position that came while earlier events were missing.
    waiting: deque[Notice] = field(default_factory=lambda: deque(maxlen=WAITING))

    @property
    def is_behind(self) -> bool:
        """Say whether the journal has events that the subscribers have not got."""
        return self.position is not None and self.known > self.position

    def offer(self, position: int | None, notice: Notice) -> None:
        """Pass a notice on, once and in order; one that comes too early is read from the journal later."""
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
        """Take over the position of the database, unless a notice has come since it was asked (`known_before`)."""
        if self.known == known_before and self.position is not None:
            self.known = max(position, self.position)
        else:
            self.known = max(position, self.known)

    def begin(self, position: int) -> None:
        """Start after a position: the next event is the one that follows it."""
        self.position = position
        self.known = max(self.known, position)

    def skip(self, position: int) -> None:
        """Skip the events that are no longer in the journal."""
        self.begin(position)
        if not self.is_behind:
            self._hand_on_waiting()

    def _hand_on(self, notice: Notice) -> None:
        for subscriber in tuple(self.subscribers):
            subscriber(notice)

    def _hand_on_waiting(self) -> None:
        while self.waiting:
            self._hand_on(self.waiting.popleft())
