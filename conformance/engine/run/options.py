"""The options of a run, and their defaults for a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.target import Target


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: how many at a time, how often, in which order, when to give up, how far to stretch every wait.

    `retry_failed`: how often to run again what did not go well, each time as one more attempt.
    `bystanders`: whether users who have no part in a scenario are connected while it runs; None: yes, unless the
    target limits the rate of connections, of which they take half.
    """

    jobs: int = 8
    repeat: int = 1
    retry_failed: int = 0
    order: str = "id"
    max_failures: int | None = None
    time_scale: float = 1.0
    probes: bool = True
    bystanders: bool | None = None


def settled(options: Options, target: Target) -> Options:
    """Fill in the defaults that depend on the target."""
    if options.bystanders is not None:
        return options
    return replace(options, bystanders=target.throttle.limits.connections_per_second is None)
