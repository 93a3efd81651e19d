"""Measures one scenario run by its transcript: how long replies took, and how long events took to reach others.

A reply belongs to the request that it answers, as the invariants tell it. An event belongs to a request of the user
whom it names, with the same ids and text; where a connection has seen fewer or more of such events than there were
requests, nothing tells which belongs to which, and they are not measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.frames import is_greeting
from conformance.engine.invariants.replies import Replies, terminal_types
from conformance.results.exchange import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.results.model import Entry, Result
    from conformance.spec import Spec

CONNECTED = "connected"
LEFT_OUT = "earlier lines are left out"

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one scenario run says: seconds by request type and by event type, and counts by request type.

    `doubled` counts events by type that came to one connection again.
    """

    replies: tuple[tuple[str, float], ...] = ()
    deliveries: tuple[tuple[str, float], ...] = ()
    sent: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    limited: Mapping[str, int] = field(default_factory=dict)
    doubled: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Request:
    """A request as it was sent: when (milliseconds), on which connection, by whom; `refused`: an error answered it."""

    at: float
    link: str
    user: str
    type: str
    frame: Mapping[str, Any]
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Event:
    at: float
    link: str
    user: str
    frame: Mapping[str, Any]


class Measurer:
    """Measures scenario runs by one spec."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._key = spec.protocol.discriminator
        self._terminal = terminal_types(spec)
        self._causes = [one.facts for one in spec.invariants if one.kind == "caused"]
        self._once = {one.facts["frame"]: tuple(one.facts["key"]) for one in spec.invariants if one.kind == "once"}
        self._events = frozenset({*(one["frame"] for one in self._causes), *self._once})

    def measure(self, result: Result) -> Measured:
        """Measure a scenario run."""
        whole = not (result.transcript and result.transcript[0].text.endswith(LEFT_OUT))
        reading = _Reading(self._spec, self._terminal, self._events)
        users = {name: id_ for id_, name in result.names.items()}
        for entry in result.transcript:
            reading.take(entry, users.get(entry.who.partition("@")[0], ""))
        if not whole:  # Nobody knows what the first replies answer.
            return Measured(sent=Counter(one.type for one in reading.requests))
        return Measured(
            replies=tuple(reading.replies),
            deliveries=tuple(self._deliveries(reading)),
            sent=Counter(one.type for one in reading.requests),
            refused=reading.refused,
            limited=reading.limited,
            doubled=self._doubled(reading),
        )

    def _deliveries(self, reading: _Reading) -> Iterator[tuple[str, float]]:
        for facts in self._causes:
            events = reading.events.get(facts["frame"])
            asked = [one for one in reading.requests if one.type == facts["request"] and not one.refused]
            if not events or not asked:
                continue
            requests: dict[Key, list[_Request]] = defaultdict(list)
            for one in asked:
                requests[_same(facts, one.user, one.frame)].append(one)
            came: dict[tuple[str, Key], list[_Event]] = defaultdict(list)
            for event in events:
                actor = event.frame.get(facts["actor"])
                if isinstance(actor, str) and _applies(facts, event.frame):
                    came[event.link, _same(facts, actor, event.frame)].append(event)
            for (link, key), some in came.items():
                yield from _pairs(facts, link, some, requests.get(key, []))

    def _doubled(self, reading: _Reading) -> Counter[str]:
        found: Counter[str] = Counter()
        for kind, names in self._once.items():
            seen = Counter(
                (one.link, *(str(one.frame.get(name)) for name in names)) for one in reading.events.get(kind, ())
            )
            again = sum(count - 1 for count in seen.values())
            if again:
                found[kind] = again
        return found


class _Reading:
    """Reads a transcript once, in order."""

    def __init__(self, spec: Spec, terminal: frozenset[str], events: frozenset[str]) -> None:
        self.requests: list[_Request] = []
        self.replies: list[tuple[str, float]] = []
        self.refused: Counter[str] = Counter()
        self.limited: Counter[str] = Counter()
        self.events: dict[str, list[_Event]] = defaultdict(list)
        self._spec = spec
        self._terminal = terminal
        self._wanted = events
        self._lives: Counter[str] = Counter()
        self._trackers: dict[str, Replies] = {}
        self._greeted: set[str] = set()
        self._by_index: dict[int, _Request] = {}

    def take(self, entry: Entry, user: str) -> None:
        """Read one line."""
        if entry.way == "·":
            self._lives[entry.who] += entry.text.startswith(CONNECTED)
            return
        link = f"{entry.who} {self._lives[entry.who]}"
        if entry.way == "→":
            self._sent(entry, link, user)
        elif entry.frame is not None:
            self._received(entry, link, user, entry.frame)

    def _sent(self, entry: Entry, link: str, user: str) -> None:
        if entry.text.endswith(OWN):
            return
        tracker = self._tracker(link)
        index = len(self._by_index)
        frame = entry.frame
        kind = frame.get(self._spec.protocol.discriminator) if frame is not None else None
        request = _Request(entry.at, link, user, kind if isinstance(kind, str) else "", frame or {})
        self._by_index[index] = request
        tracker.sent(index, frame, "" if frame is not None else "no JSON object")
        if request.type in self._spec.incoming:
            self.requests.append(request)

    def _received(self, entry: Entry, link: str, user: str, frame: Mapping[str, Any]) -> None:
        protocol = self._spec.protocol
        kind = frame.get(protocol.discriminator)
        if not isinstance(kind, str):
            return
        if kind in self._wanted:
            self.events[kind].append(_Event(entry.at, link, user, frame))
        first = link not in self._greeted
        self._greeted.add(link)
        if kind not in self._terminal or (first and is_greeting(frame, protocol)):
            return
        answered = self._tracker(link).received(frame).request
        request = self._by_index.get(answered.index) if answered is not None else None
        if request is None or request.type not in self._spec.incoming:
            return
        self.replies.append((request.type, (entry.at - request.at) / 1000))
        if kind == protocol.error:
            request.refused = True
            self.refused[request.type] += 1
            self.limited[request.type] += frame.get(protocol.error_code) == protocol.rate_limited

    def _tracker(self, link: str) -> Replies:
        if link not in self._trackers:
            self._trackers[link] = Replies(self._spec, strict=False)
        return self._trackers[link]


def _same(facts: Mapping[str, Any], actor: str, frame: Mapping[str, Any]) -> Key:
    """Give what a request and its event have in common."""
    names = (*facts["same"], *([facts["text"]] if "text" in facts else ()))
    return (actor, *(str(frame.get(name)) for name in names))


def _applies(facts: Mapping[str, Any], frame: Mapping[str, Any]) -> bool:
    return all(frame.get(name, value) == value for name, value in facts.get("having", {}).items())


def _pairs(
    facts: Mapping[str, Any], link: str, events: list[_Event], requests: list[_Request]
) -> Iterator[tuple[str, float]]:
    """Pair the events at one connection with their requests on others, if it is clear which belong together."""
    own = events[0].user
    told = [one for one in requests if _applies(facts, one.frame) and _is_told(facts, one, own)]
    if len(told) != len(events) or any(one.link == link for one in told):
        return
    for event, request in zip(events, told, strict=True):
        if event.at >= request.at:
            yield facts["frame"], (event.at - request.at) / 1000


def _is_told(facts: Mapping[str, Any], request: _Request, own: str) -> bool:
    """Say whether a user is one of those whom the event of a request reaches."""
    if "target" not in facts:
        return True
    return request.frame.get(facts["target"]) == own or bool(facts.get("own_devices") and request.user == own)
