"""Checks that a connection which gets two messages of a conversation also gets those between them."""

from __future__ import annotations

from itertools import dropwhile, islice, takewhile
from typing import TYPE_CHECKING

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Check, text
from conformance.engine.invariants.order import MOST_CONNECTIONS, MOST_ROOMS, Line
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.engine.invariants.check import Link, Moment, Setting
    from conformance.spec.invariants import Invariant

MOST_SENDERS = 5000
"""The most messages whose senders are remembered."""


class Gapless(Check):
    """What one connection gets between two messages, every other one gets between them.

    So a connection that has not joined yet, or whose user may no longer read, is never accused. Whoever joins or leaves
    begins anew. A server need not tell users of their own messages.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self.types = frozenset({self.facts["frame"]})
        self._rooms: Bounded[str, Bounded[str, Line]] = Bounded(MOST_ROOMS)
        self._users: dict[str, str | None] = {}
        self._senders: Bounded[str, str | None] = Bounded(MOST_SENDERS)

    def sent(self, moment: Moment) -> Iterable[Finding]:
        """Let a connection begin anew that joins or leaves, or whose request a server may read as such a one."""
        request = moment.request
        if request is not None and (
            request.wild or not request.sound or request.type in (self.facts["join"], self.facts["leave"])
        ):
            self._forget(moment.link.key)
        return ()

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Compare what this connection and each other one have got before a message that both have."""
        frame = moment.frame or {}
        room, name = text(frame.get(self.facts["by"])), text(frame.get(self.facts["message"]))
        if not self.setting.complete or room is None or name is None:
            return
        mine = moment.link.key
        lines = self._rooms.get(room) or Bounded(MOST_CONNECTIONS)
        self._rooms.set(room, lines)
        line = lines.get(mine) or Line()
        lines.set(mine, line)
        self._users[mine] = moment.link.user
        self._senders.set(name, text(frame.get(self.facts["sender"])))
        if name in line.places:
            return  # Another invariant judges repeated messages.
        line.add(name)
        for key, other in lines.items():
            if key != mine and name in other.places:
                self.judged(self.rule)
                lost = self._lost(name, line, other, mine) or self._lost(name, other, line, key)
                if lost is not None:
                    yield Finding(self.rule, f"the message {lost} came to one connection, and not to another one")
                    return

    def closed(self, link: Link) -> None:
        """Forget the messages of a connection."""
        self._forget(link.key)
        self._users.pop(link.key, None)

    def _lost(self, name: str, less: Line, more: Line, whose: str) -> str | None:
        """Give a message that came between this one and the one before it, but not to the connection `whose`."""
        before = next(_since(name, less), None)
        if before is None or before not in more.places:
            return None
        between = takewhile(lambda one: one != before, _since(name, more))
        missing = (one for one in between if one not in less.places and one in self._senders)
        return next((one for one in missing if self._senders.get(one) != self._users.get(whose)), None)

    def _forget(self, key: str) -> None:
        for lines in self._rooms.values():
            lines.drop(key)


def _since(name: str, line: Line) -> Iterator[str]:
    """Give the messages before this one, the latest first."""
    latest = dropwhile(lambda one: one != name, reversed(line.places))
    return islice(latest, 1, None)
