"""What all scenarios of one run share: the spec, the target, its calibration, and the pacer that keeps its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engine.context.exclusive_slot import ExclusiveSlot
from conformance.engine.context.open_connections import OpenConnections
from conformance.engine.context.owners import Owners
from conformance.engine.context.reachability import Reachability
from conformance.target.throttle import Throttle
from conformance.wire.frame_budget import Memory
from conformance.wire.lateness import Lateness

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.pacer import Pacer
    from conformance.results.model import Calibration
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner


@dataclass(frozen=True, slots=True)
class RunContext:
    """What does not change during a run. Times are in seconds; `time_scale` stretches every wait for a slow machine.

    `restart` kills the target and starts it again; None: the run cannot. `secrets` are texts that no frame may
    contain. `used` collects the entries of the target's dialect that any scenario uses. `bystanders`: whether
    users who have no part in a scenario are connected while it runs.
    """

    spec: Spec
    target: Target
    calibration: Calibration
    provisioner: Provisioner
    pacer: Pacer
    time_scale: float = 1.0
    restart: Callable[[], Awaitable[None]] | None = None
    secrets: tuple[str, ...] = field(default=())
    used: set[str] = field(default_factory=set)
    reachability: Reachability = field(default_factory=Reachability)
    open_connections: OpenConnections = field(default_factory=OpenConnections)
    owners: Owners = field(default_factory=Owners)
    memory: Memory = field(default_factory=Memory)
    lateness: Lateness = field(default_factory=Lateness)
    exclusive_slot: ExclusiveSlot = field(default_factory=ExclusiveSlot)
    throttle: Throttle = field(default_factory=Throttle)
    bystanders: bool = False

    @property
    def reply(self) -> float:
        """How long the server may take to reply to anything."""
        return self.target.reply * self.time_scale

    @property
    def patience(self) -> float:
        """How long to wait for a frame that must come, before the barrier is asked."""
        return self.calibration.patience * self.time_scale

    @property
    def settle(self) -> float:
        """How long a broadcast may still be on its way after the barrier."""
        return self.calibration.settle * self.time_scale

    def bearable(self, *, alone: bool) -> float:
        """Give the seconds by which our own throttle may delay a scenario before its failure says nothing.

        The server's timers run meanwhile. A scenario that runs alone is about rate limits, and must fit their window.
        """
        if alone:
            return min((float(self.target.look_up(one.window)) for one in self.spec.protocol.budgets), default=0.0) / 2
        return min(float(seconds) for seconds in self.target.profile["timers"].values())

    def timer(self, path: str) -> float:
        """Give a timer of the target's profile, in seconds."""
        return float(self.target.look_up(path))
