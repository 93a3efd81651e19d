"""Checks that events arrive once, and only on the connections that may get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Check, text
from conformance.engine.invariants.replies import MOST_PENDING
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.engine.invariants.check import Link, Moment, Setting
    from conformance.engine.invariants.replies import Request
    from conformance.spec.invariants import Invariant

MOST_KEYS = 512
"""The most events of one connection that are remembered, to notice a repeated one."""

ANY = "*"
"""The name for every conversation, if it is not known which one a request joins."""

MOST_ROOMS = 256
"""The most conversations of one connection whose joins are remembered; after more, it is not judged."""


class Once(Check):
    """An event comes once on each connection."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self.types = frozenset({self.facts["frame"]})
        self._seen: dict[str, Bounded[int, bool]] = {}

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge an event by the earlier events."""
        frame = moment.frame or {}
        key = tuple(text(frame.get(name)) for name in self.facts["key"])
        if None in key:
            return
        self.judged(self.rule)
        seen = self._seen.setdefault(moment.link.key, Bounded(MOST_KEYS))
        if hash(key) in seen:
            what = " and ".join(f"{name} {frame[name]}" for name in self.facts["key"])
            yield Finding(self.rule, f"{moment.type} with {what} came to this connection again")
        seen.set(hash(key), True)

    def closed(self, link: Link) -> None:
        """Forget the events of a connection."""
        self._seen.pop(link.key, None)


@dataclass(slots=True)
class Joins:
    """One conversation on one connection: whether it is joined, whether it was left, and the joins without a reply."""

    granted: bool = False
    left: bool = False
    pending: set[int] = field(default_factory=set)


def _is_open(room: Joins | None) -> bool:
    return room is not None and (room.granted or bool(room.pending))


class Joined(Check):
    """The events of a conversation reach only connections that have joined it and have not left it.

    A join counts from the moment when it is sent until it is refused, because events may come before its reply.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._rules = self.facts["rules"]
        self._rooms: dict[str, Bounded[str, Joins]] = {}

    def sent(self, moment: Moment) -> Iterable[Finding]:
        """Note a request to join."""
        request = moment.request
        if request is None:
            return ()
        if request.wild:
            self._room(moment, ANY).granted = True  # A server may read it as a join.
        elif request.type == self.facts["join"] and (name := self._name(request)) is not None:
            room = self._room(moment, name)
            room.pending.add(request.index)
            if len(room.pending) > MOST_PENDING:
                room.granted = True  # There are too many to wait for their replies.
                room.pending.clear()
        return ()

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Note a reply to a join or a leave, and judge an event."""
        if moment.answer is not None:
            self._note(moment)
        rule = self._rules.get(moment.type)
        by = text((moment.frame or {}).get(self.facts["by"]))
        if rule is None or by is None or not moment.link.whole:
            return
        rooms = self._rooms.get(moment.link.key)
        if rooms is not None and (rooms.forgetful or _is_open(rooms.get(ANY))):
            return
        room = rooms.get(by) if rooms is not None else None
        self.judged(rule)
        if room is not None and room.left:
            self.judged(self.rule)
        if not _is_open(room):
            left = room is not None and room.left
            how = "left" if left else "not joined"
            said = f"{moment.type} came from a conversation that this connection has {how}"
            yield Finding(self.rule if left else rule, said)

    def closed(self, link: Link) -> None:
        """Forget the joins of a connection."""
        self._rooms.pop(link.key, None)

    def _note(self, moment: Moment) -> None:
        answer = moment.answer
        assert answer is not None
        refused = moment.type == self.setting.spec.protocol.error
        if answer.request is not None:
            self._settle(moment, answer.request, refused=refused)
        for request in answer.maybe:
            if request.type == self.facts["join"] and (name := self._name(request)) is not None:
                self._room(moment, name).granted = True  # It may have been granted.

    def _settle(self, moment: Moment, request: Request, *, refused: bool) -> None:
        name = self._name(request)
        if name is None or request.type not in (self.facts["join"], self.facts["leave"]):
            return
        room = self._room(moment, name)
        if request.type == self.facts["join"]:
            room.pending.discard(request.index)
            if not refused:
                room.granted, room.left = True, False
        elif not refused:
            room.left = room.left or room.granted
            room.granted = False

    def _name(self, request: Request) -> str | None:
        """Give the conversation of a request; ANY if its id is invalid: a lenient server may accept it."""
        if not request.sound:
            return ANY
        return text(request.fields.get(self.facts["by"]))

    def _room(self, moment: Moment, name: str) -> Joins:
        rooms = self._rooms.setdefault(moment.link.key, Bounded(MOST_ROOMS))
        room = rooms.get(name)
        if room is None:
            room = Joins()
            rooms.set(name, room)
        return room


class NotOwn(Check):
    """An event does not reach the user about whom it is."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self.types = frozenset({self.facts["frame"]})

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge an event by the user of its connection."""
        about = text((moment.frame or {}).get(self.facts["user"]))
        if about is None or moment.link.user is None:
            return
        self.judged(self.rule)
        if about == moment.link.user:
            yield Finding(self.rule, f"{moment.type} came to the user whom it is about")
