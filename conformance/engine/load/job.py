"""What a load is to do, as a master tells its workers: plain values, with a JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.engine.load.mix import Mix
from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.target import Target


@dataclass(frozen=True, slots=True)
class Shape:
    """How much traffic. Times are in seconds, and `seconds` includes the `ramp`.

    Without a `rate`, `users` users run one scenario after another. With a `rate`, so many scenarios begin each
    second, whether or not earlier ones have ended, and `users` is the most that may be under way at once.
    """

    users: int = 10
    rate: float | None = None
    ramp: float = 10.0
    seconds: float = 60.0

    @property
    def generators(self) -> int:
        """How many users Locust has to spawn: with a rate, each of them begins an equal part of the scenarios."""
        if self.rate is None:
            return self.users
        return max(1, min(100, round(self.rate)))

    @property
    def spawn_rate(self) -> float:
        """How many of them Locust has to spawn in a second."""
        return max(self.generators / self.ramp, 0.01) if self.ramp >= 1 else float(self.generators)


@dataclass(frozen=True, slots=True)
class Job:
    """A load: the scenarios with their weights, its shape, and what the scenarios already showed without load.

    `known` has the causes of findings that a scenario shows without load too, by its id. `workers` is how many
    processes share the load, `digest` the spec that all of them must have.
    """

    mix: Mix
    shape: Shape
    seed: int
    digest: str
    known: Mapping[str, tuple[str, ...]]
    time_scale: float = 1.0
    bystanders: bool = False
    workers: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        """Read the JSON form back; raises KeyError or TypeError if it is invalid."""
        known = {id_: tuple(causes) for id_, causes in data["known"].items()}
        mix = Mix(tuple(data["mix"]["ids"]), tuple(data["mix"]["sums"]))
        return cls(**{**data, "mix": mix, "shape": Shape(**data["shape"]), "known": known})


def share_of(target: Target, workers: int) -> Target:
    """Give the target as one of several workers may use it: each keeps to its part of the throttle's limits."""
    limits = target.throttle.limits
    if workers == 1:
        return target
    connections, requests = limits.open_connections, limits.run_requests
    if (connections is not None and connections < workers) or (requests is not None and requests < workers):
        raise UsageError(f"the target's throttle allows too little for {workers} workers")
    part = replace(
        limits,
        requests_per_second=limits.requests_per_second and limits.requests_per_second / workers,
        connections_per_second=limits.connections_per_second and limits.connections_per_second / workers,
        open_connections=connections and connections // workers,
        run_requests=requests and requests // workers,
    )
    return replace(target, throttle=type(target.throttle)(part))
