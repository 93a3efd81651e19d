"""What all scenarios of one run share: the spec, the target, its calibration, and the pacer that keeps its limits."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.engine.context.open_connections import OpenConnections
from conformance.engine.context.owners import Owners
from conformance.results.model import NEEDS_OF_THE_RUN
from conformance.target.throttle import Throttle
from conformance.wire.frame_budget import Memory
from conformance.wire.lateness import Lateness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from conformance.engine.context.pacer import Pacer
    from conformance.results.model import Calibration
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner


SERVER_ERROR = 500


class ExclusiveSlot:
    """Lets one scenario at a time act alone; a scenario that waits for a timer gives the slot to another one."""

    def __init__(self) -> None:
        self._door = asyncio.Lock()
        self._taken = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Act alone; scenarios that return from a timer go before all but one of those that have not begun."""
        async with self._door:
            await self._taken.acquire()
        try:
            yield
        finally:
            self._taken.release()

    @contextlib.asynccontextmanager
    async def leave(self) -> AsyncIterator[None]:
        """Release the slot for as long as the body lasts, then wait for the next turn."""
        self._taken.release()
        try:
            yield
        finally:
            await self._taken.acquire()


@dataclass(slots=True)
class Reachability:
    """Signs, in one scenario run, that the target is gone: the server has died, hangs, or is being replaced.

    `lost` counts the connections that the target did not answer or dropped; `closed` counts all that it ended.
    `too_slow` says why the scenario took too long to say anything, at each try (empty: it did not).
    """

    lost: int = 0
    closed: int = 0
    too_slow: str = ""

    def refused(self, status: int | None) -> None:
        """Record a refused connection; `status` is the HTTP status, None if there was no answer."""
        self.lost += status is None or status >= SERVER_ERROR

    def ended(self, *, dropped: bool) -> None:
        """Record that the target ended a connection; `dropped`: without a close frame."""
        self.closed += 1
        self.lost += dropped


@dataclass(frozen=True, slots=True)
class Lacking:
    """A need of a scenario that is not met, and a sentence about it."""

    need: str
    why: str


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

    def too_few_connections(self, wanted: int) -> Lacking | None:
        """Say that the target admits fewer connections of one user than a scenario opens; None: it admits enough."""
        path = self.spec.protocol.bystanders.connections
        admitted = self.target.look_up(path)
        if admitted is None or wanted <= admitted:
            return None
        why = f"it opens {wanted} connections of one user, and the target declares {path} = {admitted}"
        return Lacking(path, why)

    def unmet(self, needs: Mapping[str, Any], limits: Iterable[str] = ()) -> Lacking | None:
        """Give the first unmet need of a scenario; None: all are met. What the server lacks comes before the run's.

        `limits` are those that the scenario uses: a server that has no such limit cannot keep or break it.
        """
        for limit in sorted(limits):
            if self.target.look_up(limit) is None:
                return Lacking(limit, f"it uses {limit}, and the target declares that it has no such limit")
        for need in sorted(needs, key=NEEDS_OF_THE_RUN.__contains__):
            why = self._why_unmet(need, needs[need])
            if why:
                return Lacking(need, why)
        return None

    def _why_unmet(self, need: str, wanted: Any) -> str:
        if need == "instances":
            named = len(self.target.instances)
            return f"it needs {wanted} instances, and the target names {named}" if named < wanted else ""
        if need == "restart":
            return "it needs a server that the run can restart" if self.restart is None else ""
        if need == "acts_as_users":
            possible = self.provisioner.acts_as_users
            return "" if possible else "it needs users who change roles, and here only the admin account can"
        if need == "local":
            return "" if self.target.local else "it needs a server that runs on this machine"
        declared = self.target.look_up(need)
        return f"it needs {need} = {wanted!r}, and the target declares {declared!r}" if declared != wanted else ""
