"""Checks single frames, and the first frame of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.check import Check, items
from conformance.engine.invariants.values import CLIENT, Finding
from conformance.scenario.instants import instant
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.spec.invariants import Invariant
    from conformance.spec.protocol import Protocol

TELLING = 32
"""The fewest characters of a token to search for; a shorter one may be in a text by chance."""

DEEPEST = 20
"""The most levels of nesting in which a token is searched."""


class Schema(Check):
    """Every frame of the server fits its schema; a frame of the client that does not is a mistake of the client."""

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge the form of a frame, its type, its schema, and the fields that must stay empty."""
        spec, detail = self.setting.spec, moment.observation.detail
        self.judged(self.rule)
        if moment.frame is None or detail:
            yield Finding(self.rule, f"the server sent a wrong frame: {detail or 'it is not a JSON object'}")
            return
        message = spec.outgoing.get(moment.type or "")
        if message is None:
            yield Finding(
                self.rule, f"the server sent a frame of type {_shown(moment.type)}, which is not in the protocol"
            )
            return
        if message.rule != self.rule:
            self.judged(message.rule)
        for violation in message.violations(moment.frame):
            yield Finding(violation.rule or self.rule, f"the server sent a wrong {moment.type}: {violation.message}")
        for place, reason in message.never.items():
            rule, _, why = reason.partition(":")
            if _filled(moment.frame, place):
                yield Finding(rule, f"the server sent {moment.type} with {place}:{why}")

    def sent(self, moment: Moment) -> Iterator[Finding]:
        """Judge the schema of a request."""
        message = self.setting.spec.incoming.get(moment.type or "")
        if moment.frame is None or moment.observation.detail:
            said = f"the client sent a wrong frame: {moment.observation.detail or 'it is not a JSON object'}"
            yield Finding(None, said, by=CLIENT)
        elif message is None:
            said = f"the client sent a frame of type {_shown(moment.type)}, which is not in the protocol"
            yield Finding(None, said, by=CLIENT)
        else:
            for violation in message.violations(moment.frame):
                yield Finding(None, f"the client sent a wrong {moment.type}: {violation.message}", by=CLIENT)


class Secret(Check):
    """No frame repeats the token of its connection."""

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Search a frame for the token."""
        secrets = self.setting.secrets.get(moment.link.key)
        if not secrets or moment.frame is None:
            return
        self.judged(self.rule)
        if any(_has(moment.frame, secret, DEEPEST) for secret in secrets):
            yield Finding(self.rule, f"the server sent {_shown(moment.type)} with the token of this connection in it")


class Instants(Check):
    """The instant of an event is near the time at which the event arrives."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self.types = frozenset(self.facts["frames"])

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Compare the instant of an event with the time of the observation."""
        fact = self.facts["frames"][moment.type]
        found = instant(moment.frame.get(fact["field"])) if moment.frame is not None else None
        if found is None or not self.setting.epoch:
            return
        self.judged(fact["rule"])
        off = found.second.timestamp() - moment.observation.at_seconds
        if abs(off) > self.facts["seconds"] + 1:
            way = "ahead of" if off > 0 else "behind"
            said = f"`{fact['field']}` of {moment.type} is {abs(off):.0f} s {way} the clock of this machine"
            yield Finding(fact["rule"], said)


class Greeting(Check):
    """The first frame of a connection is the greeting."""

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge the first frame of a connection that was observed from its beginning."""
        protocol = self.setting.spec.protocol
        if moment.link.received != 1 or not moment.link.whole:
            return
        self.judged(self.rule)
        if moment.frame is None or not is_greeting(moment.frame, protocol):
            said = f"the first frame is {_shown(moment.type)}, not the greeting {protocol.greeting.frame}"
            yield Finding(self.rule, said)


def is_greeting(frame: Mapping[str, Any], protocol: Protocol) -> bool:
    """Say whether a frame is the greeting of the protocol."""
    if frame.get(protocol.discriminator) != protocol.greeting.frame:
        return False
    return isinstance(match(dict(protocol.greeting.pattern), dict(frame)), Matched)


def _shown(kind: str | None) -> str:
    return repr(kind)[:80] if kind is not None else "without a type"


def _filled(frame: Mapping[str, Any], place: str) -> bool:
    """Say whether a place, such as `list[].field` or `field`, has a value other than null."""
    outer, among, inner = place.partition("[].")
    if not among:
        return frame.get(place) is not None
    return any(one.get(inner) is not None for one in items(frame, outer))


def _has(value: object, secret: str, depth: int) -> bool:
    if isinstance(value, str):
        return secret in value
    if depth and isinstance(value, dict):
        return any(_has(one, secret, depth - 1) for pair in value.items() for one in pair)
    return bool(depth) and isinstance(value, list) and any(_has(one, secret, depth - 1) for one in value)
