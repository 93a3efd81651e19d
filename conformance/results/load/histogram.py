"""Counts durations in buckets of a constant relative width, for percentiles in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BITS = 6
"""Each power of two has 64 buckets, so a percentile is at most 1.6 % too high."""
LONGEST = 3600.0
"""Seconds; a longer duration counts as one of this length."""

_PER_POWER = 1 << BITS
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of some durations, in milliseconds; `count` is their number."""

    count: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    p999: float
    max: float


@dataclass(slots=True)
class Histogram:
    """Durations by bucket. It has at most 1,728 buckets, however many durations it counts."""

    counts: dict[int, int] = field(default_factory=dict)
    count: int = 0
    total: float = 0.0
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration; a negative one counts as 0."""
        seconds = min(max(seconds, 0.0), LONGEST)
        index = bucket_of(round(seconds * _MICROSECONDS))
        self.counts[index] = self.counts.get(index, 0) + 1
        self.count += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)

    def merge(self, other: Histogram) -> None:
        """Add the durations of another histogram."""
        for index, count in other.counts.items():
            self.counts[index] = self.counts.get(index, 0) + count
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)

    def percentile(self, share: float) -> float:
        """Give the seconds that this share of the durations (from 0 to 1) does not exceed; 0 if there are none."""
        wanted = max(1, math.ceil(share * self.count))
        seen = 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= wanted:
                return min(end_of(index) / _MICROSECONDS, self.longest)
        return self.longest

    def latency(self) -> Latency | None:
        """Give the percentiles; None if there are no durations."""
        if not self.count:
            return None
        shares = (0.5, 0.9, 0.95, 0.99, 0.999)
        p50, p90, p95, p99, p999 = (_milliseconds(self.percentile(share)) for share in shares)
        return Latency(
            self.count, _milliseconds(self.total / self.count), p50, p90, p95, p99, p999, _milliseconds(self.longest)
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return {
            "counts": {str(index): count for index, count in self.counts.items()},
            "total": self.total,
            "longest": self.longest,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Histogram:
        """Read the JSON form back; raises KeyError, TypeError or ValueError if it is invalid."""
        counts = {int(index): int(count) for index, count in data["counts"].items()}
        return cls(counts, sum(counts.values()), float(data["total"]), float(data["longest"]))


def bucket_of(microseconds: int) -> int:
    """Give the bucket of a duration."""
    power = max(0, microseconds.bit_length() - BITS - 1)
    return power * _PER_POWER + (microseconds >> power)


def end_of(bucket: int) -> int:
    """Give the longest duration of a bucket, in microseconds."""
    power = max(0, bucket // _PER_POWER - 1)
    return ((bucket - power * _PER_POWER + 1) << power) - 1


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
