"""Compares the latencies of two loads, and says where the new one is slower than it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.results.load.histogram import Latency
    from conformance.results.load.record import LoadRecord

FEWEST = 100
"""Measured durations on either side below which a 99th percentile says nothing."""
FLOOR = 1.0
"""Milliseconds by which it must be slower as well: below that, a ratio tells of the machine's own noise."""

REPLY, DELIVERY = "reply", "delivery"


@dataclass(frozen=True, slots=True)
class Pair:
    """One request type or event type of two loads: the kind of its latencies, and both.

    `late` has the milliseconds by which the generator of the new load was late at most: its times may be too long by
    so much.
    """

    kind: str
    type: str
    old: Latency | None
    new: Latency | None
    late: float = 0.0

    @property
    def ratio(self) -> float | None:
        """How many times the old 99th percentile the new one is; None: too few were measured to tell."""
        if self.old is None or self.new is None or min(self.old.count, self.new.count) < FEWEST or not self.old.p99:
            return None
        return self.new.p99 / self.old.p99

    def exceeds(self, limit: float) -> bool:
        """Say whether the new side is slower than the limit allows."""
        if self.ratio is None or self.old is None or self.new is None:
            return False
        return self.ratio > limit and self.new.p99 - self.old.p99 > FLOOR

    def surely_exceeds(self, limit: float) -> bool:
        """Say whether it would be slower also if all of the generator's own delay were taken off."""
        if not self.exceeds(limit) or self.old is None or self.new is None:
            return False
        least = self.new.p99 - self.late
        return least > limit * self.old.p99 and least - self.old.p99 > FLOOR


def pairs(old: LoadRecord, new: LoadRecord) -> Iterator[Pair]:
    """Give what either load has measured: replies first, then deliveries."""
    for kind, some in (
        (REPLY, (old.requests, new.requests)),
        (DELIVERY, (old.deliveries, new.deliveries)),
    ):
        before, after = ({row.type: row.latency for row in rows} for rows in some)
        for type_ in sorted({*before, *after}):
            yield Pair(kind, type_, before.get(type_), after.get(type_), new.generator.late_seconds * 1000)


def slower(old: LoadRecord, new: LoadRecord, limit: float) -> list[Pair]:
    """Give the pairs that exceed the limit, the slowest first."""
    found = [pair for pair in pairs(old, new) if pair.surely_exceeds(limit)]
    return sorted(found, key=lambda pair: -(pair.ratio or 0.0))


def unclear(old: LoadRecord, new: LoadRecord, limit: float) -> list[Pair]:
    """Give the pairs that exceed the limit only if the generator of the new load was not late just then."""
    return [pair for pair in pairs(old, new) if pair.exceeds(limit) and not pair.surely_exceeds(limit)]


def why_unclear(some: Sequence[Pair]) -> str:
    """Say why nobody can tell whether some pairs exceed a limit."""
    kinds = ", ".join(f"{pair.kind} {pair.type}" for pair in some)
    return (
        f"the load generator was late by up to {some[0].late:.0f} ms, so it is not judged whether the server is slower "
        f"({kinds}): take fewer users, or more workers"
    )


def nothing_compared(old: LoadRecord, new: LoadRecord) -> bool:
    """Say whether too little was measured to compare anything."""
    return all(pair.ratio is None for pair in pairs(old, new))


def differing_options(old: LoadRecord, new: LoadRecord) -> list[str]:
    """Name the options that make two loads different loads."""
    names = ("users", "rate", "ramp", "mix", "per_feature", "bystanders")
    return [name for name in names if old.options.get(name) != new.options.get(name)]


def say(pair: Pair) -> str:
    """Describe a pair that exceeds a limit, in one sentence."""
    assert pair.old is not None
    assert pair.new is not None
    return (
        f"the {pair.kind} p99 of {pair.type} is {pair.new.p99:.1f} ms, {pair.ratio:.1f} times the {pair.old.p99:.1f} ms"
        " before"
    )
