"""A recorded load: what `load.json` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from conformance.results.load.histogram import Latency

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
FILE = "load.json"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request type: how many were sent, refused by an error, refused for a rate limit; how long replies took."""

    type: str
    sent: int
    refused: int
    rate_limited: int
    latency: Latency | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event type: how often it came to a connection again, and how long it took from its request to others."""

    type: str
    doubled: int
    latency: Latency | None


@dataclass(frozen=True, slots=True)
class FeatureLoad:
    """One feature: how its scenarios ended, and the latencies of its own requests and events."""

    number: int
    id: str
    title: str
    passed: int
    failed: int
    rate_limited: int
    not_judged: int
    reply: Latency | None
    delivery: Latency | None


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Alike failures of one scenario: what kind, how many, and the message of one."""

    kind: str
    scenario: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class Scenarios:
    """How many scenarios ended in which way, and how many were not begun because there was no room."""

    passed: int
    failed: int
    rate_limited: int
    not_judged: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Generator:
    """What the load cost here: CPU seconds of all workers, and the longest delay of one of them, in seconds."""

    workers: int
    cpu_seconds: float
    late_seconds: float


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """A load on one target. `seconds` is how long it lasted; `options` is what was asked for.

    `complete`: nothing ended it early (else `reason` says what did). `left_out` maps scenarios to the reason why they
    were no part of it, and `not_judged` counts reasons why some said nothing.
    """

    load: str
    target: str
    place: str | None
    started: str
    tool: str
    spec: str
    command: str
    complete: bool
    reason: str
    seconds: float
    options: Mapping[str, Any]
    scenarios: Scenarios
    requests: tuple[RequestRow, ...]
    deliveries: tuple[DeliveryRow, ...]
    features: tuple[FeatureLoad, ...]
    failures: tuple[FailureRow, ...]
    not_judged: Mapping[str, int]
    left_out: Mapping[str, str]
    generator: Generator
    notes: tuple[str, ...]

    @property
    def sent(self) -> int:
        """The number of requests that were sent."""
        return sum(row.sent for row in self.requests)

    @property
    def delivered(self) -> int:
        """The number of events whose way to others was measured."""
        return sum(row.latency.count for row in self.deliveries if row.latency is not None)

    def per_second(self, count: int) -> float:
        """Give a count by the second."""
        return count / self.seconds if self.seconds else 0.0

    def per_cpu_second(self, count: int) -> float:
        """Give a count by the second of one core of the generator."""
        return count / self.generator.cpu_seconds if self.generator.cpu_seconds else 0.0

    def failed(self, kind: str) -> int:
        """Count the failures of a kind."""
        return sum(row.count for row in self.failures if row.kind == kind)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LoadRecord:
        """Read the JSON form back, which fits `load.schema.json`."""
        given = {key: value for key, value in data.items() if key != "format"}
        return cls(
            **{
                **given,
                "scenarios": Scenarios(**data["scenarios"]),
                "requests": tuple(RequestRow(**_timed(row, "latency")) for row in data["requests"]),
                "deliveries": tuple(DeliveryRow(**_timed(row, "latency")) for row in data["deliveries"]),
                "features": tuple(FeatureLoad(**_timed(row, "reply", "delivery")) for row in data["features"]),
                "failures": tuple(FailureRow(**row) for row in data["failures"]),
                "generator": Generator(**data["generator"]),
                "notes": tuple(data["notes"]),
            }
        )


def _timed(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: Latency(**row[name]) if row[name] is not None else None for name in names}}
