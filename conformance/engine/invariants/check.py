"""The base of every check: the moment that it judges, and the count of its judgements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping

    from conformance.engine.invariants.replies import Answer, Replies, Request
    from conformance.engine.invariants.values import Finding, Observation
    from conformance.spec import Spec
    from conformance.spec.invariants import Invariant


@dataclass(slots=True)
class Link:
    """One open connection. `whole`: it is observed from its beginning. `greeted`: its greeting has come."""

    key: str
    user: str | None
    whole: bool
    replies: Replies
    received: int = 0
    greeted: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """An observation, and what is known about it.

    `frame` is the JSON object, if there is one, and `type` is its type. `request` is set for a frame of the client.
    `answer` is set for a reply of the server on a connection that is observed from its beginning.
    """

    observation: Observation
    index: int
    link: Link
    frame: Mapping[str, Any] | None
    type: str | None
    request: Request | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What all checks share.

    `profile` has the values of the server under test; None if they are not known. `complete`: all clients of all
    conversations are observed. `epoch`: the times of observations are seconds since 1970.
    """

    spec: Spec
    profile: Mapping[str, Mapping[str, Any]] | None
    complete: bool
    epoch: bool
    seen: Counter[tuple[str, str]]
    secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Check:
    """Judges one invariant; `types` are the types of server frames that it gets (None: all)."""

    types: frozenset[str] | None = None

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        self.invariant = invariant
        self.rule = invariant.rule
        self.facts = invariant.facts
        self.setting = setting

    def sent(self, moment: Moment) -> Iterable[Finding]:
        """Judge a frame of the client, or remember it for later."""
        return ()

    def received(self, moment: Moment) -> Iterable[Finding]:
        """Judge a frame of the server."""
        return ()

    def closed(self, link: Link) -> None:
        """Forget the state of one connection."""

    def judged(self, rule: str | None) -> None:
        """Count one judgement of the invariant for this rule."""
        if rule is not None:
            self.setting.seen[rule, self.invariant.id] += 1


def items(frame: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Give the objects of a list in a frame; none if the value is not a list."""
    found = frame.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(value: object) -> str | None:
    """Give a value if it is a text of at most 256 characters, such as an id; else None."""
    return value if isinstance(value, str) and len(value) <= 256 else None
