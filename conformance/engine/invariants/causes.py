"""Checks that every event has a request, if all requests are observed: none is invented, changed or sent too often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Check
from conformance.engine.invariants.loose import loose
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.spec.invariants import Invariant

MOST_CAUSES = 100_000
"""The most requests of one kind that are remembered; after more, that kind is no longer judged."""

Key = tuple[object, ...]


class Caused(Check):
    """Every event has a request of the user whom it names, and does not come more often than that request was sent.

    A server may read a request that is not valid JSON, or does not fit its schema, in any way. So the events of its
    user are not judged from then on.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._frame = self.facts["frame"]
        self._requests = frozenset({self.facts["request"], *self.facts.get("also", ())})
        self.types = frozenset({self._frame})
        self._sent: Bounded[Key, int] = Bounded(MOST_CAUSES)
        self._told: Bounded[Key, int] = Bounded(MOST_CAUSES)
        self._events: Bounded[object, bool] = Bounded(MOST_CAUSES)
        self._unclear: set[str] = set()
        self._judges = setting.complete

    def sent(self, moment: Moment) -> Iterable[Finding]:
        """Note a request."""
        request, user = moment.request, moment.link.user
        if not self._judges or request is None:
            return ()
        if user is None or self._sent.forgetful or len(self._unclear) > MOST_CAUSES:
            self._judges = False
        elif request.wild or (request.type in self._requests and not request.sound):
            self._unclear.add(user)
        elif request.type in self._requests and moment.frame is not None:
            # What one sends to oneself comes to one's devices as its target, and again as the sender's other devices.
            to_oneself = bool(self.facts.get("own_devices")) and user in self._targets(moment.frame)
            for target in self._targets(moment.frame):
                key = (user, target, *self._same(moment.frame))
                self._sent.set(key, (self._sent.get(key) or 0) + (2 if to_oneself and target == "*" else 1))
        return ()

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge an event by the requests so far."""
        frame = moment.frame or {}
        actor = frame.get(self.facts["actor"])
        if not self._judges or not isinstance(actor, str) or actor in self._unclear or not self._applies(frame):
            return
        own = moment.link.user
        if "target" not in self.facts or (self.facts.get("own_devices") and actor == own):
            target: object = "*"
        elif own is None:
            return
        else:
            target = own
        key = (actor, target, *self._same(frame))
        asked, told = self._sent.get(key) or 0, self._count(key, frame, moment)
        self.judged(self.rule)
        if not asked:
            who = "" if target == "*" else " to this user"
            said = f"{moment.type} came, but the user whom it names has not sent such a {self.facts['request']}{who}"
            yield Finding(self.rule, said)
        elif told > asked:
            said = f"{moment.type} came {told} times, for {asked} {self.facts['request']} of the user whom it names"
            yield Finding(self.rule, said)

    def _count(self, key: Key, frame: Mapping[str, Any], moment: Moment) -> int:
        """Count how often such an event has come: to this connection, or, with different ids, to any connection."""
        if "one_per" in self.facts:
            name = str(frame.get(self.facts["one_per"]))
            if name in self._events:
                return 0
            self._events.set(name, True)
            self._judges = self._judges and not self._events.forgetful
        elif self.facts.get("count"):
            key = (moment.link.key, *key)
        else:
            return 0
        told = (self._told.get(key) or 0) + 1
        self._told.set(key, told)
        return told

    def _applies(self, frame: Mapping[str, Any]) -> bool:
        return all(frame.get(key) == value for key, value in self.facts.get("having", {}).items())

    def _targets(self, frame: Mapping[str, Any]) -> tuple[object, ...]:
        """Give the values to compare with the receiver of the event: any user, and the user whom the request names."""
        target = frame.get(self.facts["target"]) if "target" in self.facts else None
        return ("*", target.lower()) if isinstance(target, str) else ("*",)

    def _same(self, frame: Mapping[str, Any]) -> Key:
        values = tuple(loose(frame.get(key)) for key in self.facts["same"])
        return (*values, loose(frame.get(self.facts["text"]))) if "text" in self.facts else values
