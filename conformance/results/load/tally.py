"""Counts what a load does, in bounded memory; the tallies of several processes add up to one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from conformance.results.load.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FAILURES = 500
"""Kinds of failures that are told apart; those beyond are counted as one of a kind `other`."""


class Ending(StrEnum):
    """How one scenario of a load ended."""

    PASSED = "passed"
    FAILED = "failed"
    LIMITED = "limited"
    """It failed, and the server refused a request of it for a rate limit."""
    NOT_JUDGED = "not_judged"


class FailureKind(StrEnum):
    """What a failure is about."""

    LOST = "lost"
    """A frame that must come did not come in time."""
    UNEXPECTED = "unexpected"
    """A frame came that must not: a duplicate, or one that nothing explains."""
    WRONG = "wrong"
    """Anything else, such as a frame that breaks its schema, or a refused connection."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure without names, ids and numbers: alike failures are counted together."""

    kind: str
    scenario: str
    cause: str


@dataclass(slots=True)
class Tally:
    """The counts of a load. Request types and event types are those of the protocol.

    `sent`, `refused` (by an error) and `limited` (refused for a rate limit) count requests by type. `doubled` counts
    events that came to one connection again. `endings` counts scenarios by feature and ending, `failures` by kind,
    with an example of each in `examples`. `not_judged` counts scenarios by the reason. `dropped` counts arrivals for
    which there was no room. `late` has the longest delay of the generator itself, in seconds.
    """

    replies: dict[str, Histogram] = field(default_factory=dict)
    deliveries: dict[str, Histogram] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    endings: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[Failure] = field(default_factory=Counter)
    examples: dict[Failure, str] = field(default_factory=dict)
    not_judged: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    cpu_seconds: float = 0.0
    late: float = 0.0

    @property
    def scenarios(self) -> int:
        """The number of scenarios that have ended."""
        return self.endings.total()

    def ended(self, ending: Ending) -> int:
        """Give the number of scenarios with this ending."""
        return sum(count for (_, one), count in self.endings.items() if one == ending)

    def fail(self, failure: Failure, example: str, count: int = 1) -> None:
        """Count a failure."""
        if failure not in self.failures and len(self.failures) >= MOST_FAILURES:
            failure = Failure("other", "", "failures of further kinds")
        self.failures[failure] += count
        self.examples.setdefault(failure, example)

    def leave(self, reason: str) -> None:
        """Count a scenario that could not be judged."""
        known = reason in self.not_judged or len(self.not_judged) < MOST_FAILURES
        self.not_judged[reason if known else "further reasons"] += 1

    def merge(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for mine, theirs in ((self.replies, other.replies), (self.deliveries, other.deliveries)):
            for kind, histogram in theirs.items():
                mine.setdefault(kind, Histogram()).merge(histogram)
        for name in ("sent", "refused", "limited", "doubled", "endings"):
            getattr(self, name).update(getattr(other, name))
        for failure, count in other.failures.items():
            self.fail(failure, other.examples.get(failure, ""), count)
        for reason, count in other.not_judged.items():
            known = reason in self.not_judged or len(self.not_judged) < MOST_FAILURES
            self.not_judged[reason if known else "further reasons"] += count
        self.dropped += other.dropped
        self.cpu_seconds += other.cpu_seconds
        self.late = max(self.late, other.late)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return {
            "replies": {kind: one.to_dict() for kind, one in self.replies.items()},
            "deliveries": {kind: one.to_dict() for kind, one in self.deliveries.items()},
            "sent": dict(self.sent),
            "refused": dict(self.refused),
            "limited": dict(self.limited),
            "doubled": dict(self.doubled),
            "endings": [[feature, ending, count] for (feature, ending), count in self.endings.items()],
            "failures": [
                [one.kind, one.scenario, one.cause, count, self.examples.get(one, "")]
                for one, count in self.failures.items()
            ],
            "not_judged": dict(self.not_judged),
            "dropped": self.dropped,
            "cpu_seconds": self.cpu_seconds,
            "late": self.late,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tally:
        """Read the JSON form back; raises KeyError, TypeError or ValueError if it is invalid."""
        tally = cls(
            replies={kind: Histogram.from_dict(one) for kind, one in data["replies"].items()},
            deliveries={kind: Histogram.from_dict(one) for kind, one in data["deliveries"].items()},
            sent=Counter(data["sent"]),
            refused=Counter(data["refused"]),
            limited=Counter(data["limited"]),
            doubled=Counter(data["doubled"]),
            endings=Counter({(feature, ending): count for feature, ending, count in data["endings"]}),
            not_judged=Counter(data["not_judged"]),
            dropped=int(data["dropped"]),
            cpu_seconds=float(data["cpu_seconds"]),
            late=float(data["late"]),
        )
        for kind, scenario, cause, count, example in data["failures"]:
            tally.fail(Failure(kind, scenario, cause), example, count)
        return tally
