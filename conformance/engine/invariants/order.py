"""Checks that all connections and history have the messages of a conversation in the same order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Check, items, text
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.spec.invariants import Invariant

MOST_ROOMS = 300
MOST_CONNECTIONS = 16
"""The most connections of one conversation that are compared: those that got a message last."""
MOST_MESSAGES = 128
"""The most messages of one connection that are compared: the latest ones."""


@dataclass(slots=True)
class Line:
    """The latest messages of one connection, each with its position."""

    places: dict[str, int] = field(default_factory=dict)
    next: int = 0

    def add(self, name: str) -> None:
        """Add the next message."""
        self.places[name] = self.next
        self.next += 1
        if len(self.places) > MOST_MESSAGES:
            self.places.pop(next(iter(self.places)))


class Order(Check):
    """Two connections never get two messages in opposite orders, and all pages have the same direction.

    A connection need not get every message, so only messages that both have are compared. The server chooses which end
    of a page is the newest, and does not change it.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._pages = self.facts["pages"]
        self.types = frozenset({self.facts["frame"], *self._pages})
        self._rooms: Bounded[str, Bounded[str, Line]] = Bounded(MOST_ROOMS)
        self._rising: dict[str, bool] = {}

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Note an event and compare it with other connections, or judge a page."""
        frame = moment.frame or {}
        room = text(frame.get(self.facts["by"]))
        if room is None:
            return
        lines = self._rooms.get(room)
        if lines is None:
            lines = Bounded(MOST_CONNECTIONS)
        if moment.type == self.facts["frame"]:
            name = text(frame.get(self.facts["message"]))
            if name is not None:
                self._rooms.set(room, lines)
                yield from self._event(name, lines, moment)
        else:
            names = [text(one.get(self.facts["message"])) for one in items(frame, self._pages[moment.type])]
            yield from self._page([one for one in names if one is not None], lines, moment)

    def _event(self, name: str, lines: Bounded[str, Line], moment: Moment) -> Iterator[Finding]:
        mine = lines.get(moment.link.key) or Line()
        lines.set(moment.link.key, mine)
        if name in mine.places:
            return  # Another invariant judges repeated messages.
        self.judged(self.rule)
        for other in lines.values():
            place = other.places.get(name)
            if other is mine or place is None:
                continue
            later = next(
                (one for one in reversed(other.places) if other.places[one] > place and one in mine.places), None
            )
            if later is not None:
                yield Finding(self.rule, f"the message {name} came after {later}, but before it on another connection")
                break
        mine.add(name)

    def _page(self, names: list[str], lines: Bounded[str, Line], moment: Moment) -> Iterator[Finding]:
        for line in lines.values():
            places = [line.places[name] for name in names if name in line.places]
            if len(places) < 2 or len(set(places)) < len(places):
                continue
            self.judged(self.rule)
            rising, falling = places == sorted(places), places == sorted(places, reverse=True)
            if not rising and not falling:
                yield Finding(self.rule, f"{moment.type} has messages in another order than they came in")
                return
            kind = str(moment.type)
            if self._rising.setdefault(kind, rising) != rising:
                yield Finding(
                    self.rule, f"{moment.type} has the newest message at the opposite end from an earlier {kind}"
                )
                return
