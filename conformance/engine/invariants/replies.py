"""Finds the request that each reply answers: requests have no ids, so only their order shows it.

Some requests are answered only if they fail, and the server may ignore others. Then several requests are possible, and
later replies decide. So the tracker keeps every place in the queue at which the server may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.spec import Spec

MOST_PENDING = 1024
"""The most requests without a reply on one connection; after more, its replies are not judged."""

LONGEST = 512
"""The longest text of a request that is kept until its reply comes, in characters."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits for its reply: its place among all observations, its type and its short fields.

    `reply` is the type and the pattern of its success reply. `required`: a reply has to come. `wild`: any reply may
    answer it, because a server may read it in any way. `sound`: it fits its schema; a lenient server may read an
    invalid id as another id.
    """

    index: int
    type: str | None
    fields: Mapping[str, Any]
    reply: tuple[str, Mapping[str, Any]] | None = None
    required: bool = True
    wild: bool = False
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a terminal reply.

    `request` is the request that it answers; None if several or none are possible. `unasked`: it answers no waiting
    request. `passed` is a request that should have been answered before. `maybe`: if it is not clear which request the
    reply answers, the requests that it may answer or skip.
    """

    request: Request | None = None
    unasked: bool = False
    passed: Request | None = None
    maybe: tuple[Request, ...] = ()


class Replies:
    """The requests of one connection that wait for a reply."""

    def __init__(self, spec: Spec, *, strict: bool, refusals: bool = True, unknown: Collection[str] = ()) -> None:
        """Keep the types of terminal replies.

        `refusals`: requests that do not fit their schema must be refused, and if `strict` those of unknown types, too.
        The server is known not to have the types `unknown`, and may answer them in any way.
        """
        self._key = spec.protocol.discriminator
        self._error = spec.protocol.error
        self._spec = spec
        self._strict = strict and refusals
        self._refusals = refusals
        self._unknown = unknown
        self._pending: list[Request] = []
        self._places = [0]
        self.lost = False

    def sent(self, index: int, frame: object, detail: str) -> Request:
        """Add a request to the queue, and return it."""
        request = self._request(index, frame, detail)
        if len(self._pending) >= MOST_PENDING:
            self.lost = True
            self._pending.clear()
            self._places = [0]
        if not self.lost:
            self._pending.append(request)
        return request

    def received(self, frame: Mapping[str, Any]) -> Answer:
        """Say which request a terminal reply answers."""
        kind = frame.get(self._key)
        found = self._candidates(kind, frame)
        if not found:
            return self._mismatch(kind, frame)
        request = self._pending[found[0]] if len(found) == 1 else None
        maybe = () if request is not None else tuple(self._pending[self._places[0] : found[-1] + 1])
        self._move([at + 1 for at in found])
        return Answer(request, maybe=maybe)

    def _candidates(self, kind: object, frame: Mapping[str, Any]) -> list[int]:
        """Give the requests that a reply may answer: from each place, all up to the first that must be answered."""
        found: list[int] = []
        places, last, within = frozenset(self._places), self._places[-1], False
        for at in range(self._places[0], len(self._pending)):
            within = within or at in places
            if not within and at > last:
                break
            if within and self._accepts(self._pending[at], kind, frame):
                found.append(at)
            within = within and not self._pending[at].required
        return found

    def _mismatch(self, kind: object, frame: Mapping[str, Any]) -> Answer:
        first = self._places[0]
        for at in range(first, len(self._pending)):
            if self._accepts(self._pending[at], kind, frame):
                passed = next(self._pending[one] for one in range(first, at) if self._pending[one].required)
                maybe = tuple(self._pending[first : at + 1])
                self._move([at + 1])
                return Answer(passed=passed, maybe=maybe)
        waiting = next((one for one in self._pending[first:] if one.required), None)
        return Answer(unasked=True, passed=waiting)

    def _move(self, places: list[int]) -> None:
        """Continue at these places, in order, and drop the requests before the first of them."""
        done = places[0]
        del self._pending[:done]
        self._places = [place - done for place in places]

    def _accepts(self, request: Request, kind: object, frame: Mapping[str, Any]) -> bool:
        if request.wild or kind == self._error:
            return True
        if request.reply is None or request.reply[0] != kind:
            return False
        return isinstance(match(dict(request.reply[1]), dict(frame)), Matched)

    def _request(self, index: int, frame: object, detail: str) -> Request:
        if detail or not isinstance(frame, dict):
            return Request(index, None, {}, required=False, wild=True)
        kind = frame.get(self._key)
        if kind in self._unknown:
            return Request(index, None, {}, required=False, wild=True)
        message = self._spec.incoming.get(kind) if isinstance(kind, str) else None
        if message is None:
            return Request(index, None, {}, required=self._strict, wild=not self._strict)
        fields = {key: frame[key] for key in message.fields if key in frame and _is_short(frame[key])}
        sound = not message.violations(frame)
        if message.reply is None:
            return Request(index, message.type, fields, required=False, sound=sound)
        reply = (message.reply[self._key], message.reply.get("with", {}))
        return Request(index, message.type, fields, reply, required=sound or self._refusals, sound=sound)


def _is_short(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST
    return value is None or isinstance(value, int | float)


def terminal_types(spec: Spec) -> frozenset[str]:
    """Give the types of the server's frames that answer a request."""
    key = spec.protocol.discriminator
    replies = {str(one.reply[key]) for one in spec.incoming.values() if one.reply is not None}
    return frozenset({*replies, spec.protocol.error, spec.protocol.barrier_reply})
