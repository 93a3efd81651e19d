"""Evaluates the invariants of a spec, one observation at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Link, Moment, Setting
from conformance.engine.invariants.frames import TELLING, is_greeting
from conformance.engine.invariants.kinds import KINDS
from conformance.engine.invariants.replies import Replies, terminal_types
from conformance.engine.invariants.values import Violation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from conformance.engine.invariants.check import Check
    from conformance.engine.invariants.values import Finding, Observation
    from conformance.spec import Spec

OF_CONSTANT_ROLES = frozenset({"gapless"})
"""Kinds of invariants that hold only while nobody loses a right and gets it back."""
MOST_LINKS = 10_000
"""The most connections that are followed at once; the oldest others are judged as if their beginning was not seen."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The violations in a sequence of observations; `seen` counts how often each rule could be judged."""

    violations: tuple[Violation, ...]
    seen: Mapping[str, int]


class Evaluator:
    """Judges observations by every invariant, in bounded memory.

    `profile` has the limits of the server, as a target file has them; None if they are not known. `complete`: all
    clients of all conversations are observed from the beginning, so that events without a request can be found, too.
    `epoch`: the times of the observations are seconds since 1970. `refusals`: a request that does not fit its
    schema has to be answered, and one of an unknown type if the observations are complete. The kinds `without` are not
    judged. The server is known not to have the request types `unknown`: any frame may answer them.

    Example:
        >>> evaluator = Evaluator(spec, complete=True)
        >>> for observation in observations:
        ...     print(evaluator.feed(observation))

    """

    def __init__(
        self,
        spec: Spec,
        *,
        profile: Mapping[str, Mapping[str, Any]] | None = None,
        complete: bool = False,
        epoch: bool = False,
        refusals: bool = True,
        without: Collection[str] = (),
        unknown: Collection[str] = (),
    ) -> None:
        self._setting = Setting(spec, profile, complete, epoch, Counter())
        self._refusals = refusals
        self._unknown = frozenset(unknown)
        self._checks = [KINDS[one.kind](one, self._setting) for one in spec.invariants if one.kind not in without]
        self._key = spec.protocol.discriminator
        self._of_type: dict[str | None, list[Check]] = {
            kind: [one for one in self._checks if one.types is None or kind in one.types]
            for kind in (*spec.outgoing, None)
        }
        self._terminal = terminal_types(spec)
        self._links: Bounded[str, Link] = Bounded(MOST_LINKS)
        self._index = 0

    @property
    def seen(self) -> Mapping[str, int]:
        """How often each rule could be judged so far."""
        found: Counter[str] = Counter()
        for (rule, _), count in self._setting.seen.items():
            found[rule] += count
        return dict(found)

    @property
    def seen_by_invariant(self) -> Mapping[tuple[str, str], int]:
        """How often each rule could be judged by each invariant so far: (rule, invariant) → times."""
        return dict(self._setting.seen)

    def guard(self, connection: str, *secrets: str) -> None:
        """Check from now on that no frame to a connection repeats its secrets."""
        self._setting.secrets[connection] = tuple(one for one in secrets if len(one) >= TELLING)

    def feed(self, observation: Observation) -> tuple[Violation, ...]:
        """Take the next observation, and give its violations."""
        index = self._index
        self._index += 1
        if observation.direction in ("opened", "closed"):
            self._turn(observation, whole=observation.direction == "opened")
            return ()
        link = self._links.get(observation.connection) or self._open(observation, whole=False)
        frame = observation.frame if isinstance(observation.frame, dict) else None
        kind = frame.get(self._key) if frame is not None else None
        kind = kind if isinstance(kind, str) else None
        if observation.direction == "sent":
            request = link.replies.sent(index, observation.frame, observation.detail)
            moment = Moment(observation, index, link, frame, kind, request=request)
            return tuple(self._violations(moment, self._checks))
        link.received += 1
        answer = None
        if frame is not None and kind in self._terminal and link.whole and not self._is_greeting(link, frame):
            answer = None if link.replies.lost else link.replies.received(frame)
        moment = Moment(observation, index, link, frame, kind, answer=answer)
        return tuple(self._violations(moment, self._of_type.get(kind, self._of_type[None])))

    def _violations(self, moment: Moment, checks: list[Check]) -> Iterator[Violation]:
        sent = moment.observation.direction == "sent"
        for check in checks:
            for found in check.sent(moment) if sent else check.received(moment):
                yield self._placed(found, check, moment)

    def _placed(self, found: Finding, check: Check, moment: Moment) -> Violation:
        index = moment.index if found.index is None else found.index
        client = moment.observation.client
        return Violation(found.rule, check.invariant.id, client, index, found.explanation, found.by)

    def _is_greeting(self, link: Link, frame: Mapping[str, Any]) -> bool:
        """Say whether a frame is the greeting of its connection, which answers no request, also where it is late."""
        if link.greeted or not is_greeting(frame, self._setting.spec.protocol):
            return False
        link.greeted = True
        return True

    def _turn(self, observation: Observation, *, whole: bool) -> None:
        old = self._links.get(observation.connection)
        if old is not None:
            self._links.drop(observation.connection)
            self._forget(old)
        if whole:
            self._open(observation, whole=True)

    def _open(self, observation: Observation, *, whole: bool) -> Link:
        spec = self._setting.spec
        user = observation.user.lower() if observation.user is not None else None
        replies = Replies(spec, strict=self._setting.complete, refusals=self._refusals, unknown=self._unknown)
        link = Link(observation.connection, user, whole, replies)
        forgotten = self._links.set(link.key, link)
        if forgotten is not None:
            self._forget(forgotten)
        return link

    def _forget(self, link: Link) -> None:
        self._setting.secrets.pop(link.key, None)
        for check in self._checks:
            check.closed(link)


def evaluate(
    observations: Iterable[Observation],
    spec: Spec,
    *,
    profile: Mapping[str, Mapping[str, Any]] | None = None,
    complete: bool = False,
    epoch: bool = False,
    without: Collection[str] = (),
) -> Evaluation:
    """Judge a whole sequence of observations."""
    evaluator = Evaluator(spec, profile=profile, complete=complete, epoch=epoch, without=without)
    violations = [violation for one in observations for violation in evaluator.feed(one)]
    return Evaluation(tuple(violations), evaluator.seen)
