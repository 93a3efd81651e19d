"""Keeps a run within its target's limits."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.errors import BudgetSpent
from conformance.target.throttle.limits import UNLIMITED, Limits
from conformance.target.throttle.window import Window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

REQUESTS_PER_SCENARIO = 25
"""Roughly how many requests a scenario sends: the next scenario starts only if this many are left."""


@dataclass(slots=True)
class _Turns:
    """A queue: one at a time, first come first served, within a window."""

    window: Window
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Throttle:
    """Every request and every connection of one run waits here for its turn; `spent` counts them.

    It serves requests in the order in which they arrive. Without bounds in `limits`, nothing waits.
    """

    def __init__(
        self,
        limits: Limits = UNLIMITED,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limits = limits
        self.spent = 0
        self._clock = clock
        self._sleep = sleep
        self._requests = _turns(limits.requests_per_second)
        self._connections = _turns(limits.connections_per_second)
        self._accounts: dict[str, _Turns] = {}
        self._entries = _turns(limits.requests_per_second and limits.requests_per_second / REQUESTS_PER_SCENARIO)
        self._freed = asyncio.Condition()
        self._taken = 0
        self._kept = 0
        self._waiting = 0
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()
        self._closed_until = 0.0

    async def request(self, account: str) -> None:
        """Wait for the turn of one more request of this account; raises BudgetSpent if the run's budget is spent."""
        self._spend()
        own = self._account(account)
        if own is None and self._requests is None:
            return
        self._begin_waiting()
        try:
            if own is None:
                await self._turn(self._requests)
            else:
                async with own.lock:
                    await self._until(own.window)
                    await self._turn(self._requests)
                    own.window.take(self._clock())
        finally:
            self._end_waiting()

    async def call(self) -> None:
        """Wait for the turn of a call of a provisioning API: it counts for no account and no budget."""
        if self._requests is not None:
            self._begin_waiting()
            try:
                await self._turn(self._requests)
            finally:
                self._end_waiting()

    async def connection(self) -> None:
        """Wait for the turn of one more connection; raises BudgetSpent."""
        self._spend()
        while (left := self._closed_until - self._clock()) > 0:
            await self._sleep(left)
        await self._turn(self._connections)

    def stay_away(self, seconds: float) -> None:
        """Open no connection for this many seconds: the server has asked for it."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)

    @asynccontextmanager
    async def admit(self, connection_count: int) -> AsyncIterator[None]:
        """Let a scenario begin as soon as there is room for all its connections.

        It takes all of them together: two scenarios that wait for each other's connections would wait for ever.
        """
        await self._enter()
        bound = self.limits.open_connections or math.inf
        async with self._freed:
            await self._freed.wait_for(lambda: self._taken + connection_count <= bound or self._taken == self._kept)
            self._taken += connection_count
        try:
            yield
        finally:
            self._taken -= connection_count
            async with self._freed:
                self._freed.notify_all()

    def keep(self, connection_count: int) -> None:
        """Reserve connections for the whole run: those that belong to no scenario."""
        self._kept += connection_count
        self._taken += connection_count

    def objection(self, connection_count: int) -> str | None:
        """Say why a scenario with this many connections can never begin; None: it can."""
        bound = self.limits.open_connections
        if bound is None or connection_count + self._kept <= bound:
            return None
        beside = f" beside {self._kept} that watch over it" if self._kept else ""
        allowed = f"the target allows {bound} (throttle.open_connections)"
        return f"it has {connection_count} connections open at once{beside}, and {allowed}"

    async def _enter(self) -> None:
        """Wait until the scenarios that have begun need not wait: a long delay makes a result worthless."""
        if self._entries is not None:
            async with self._entries.lock:
                await self._nobody_waits.wait()
                await self._until(self._entries.window)
                self._entries.window.take(self._clock())

    def _spend(self) -> None:
        total = self.limits.run_requests
        if total is not None and self.spent >= total:
            raise BudgetSpent(f"the run has made all {total:,} requests that it may make (throttle.run_requests)")
        self.spent += 1

    def _account(self, account: str) -> _Turns | None:
        rate = self.limits.account_requests_per_second
        if rate is None:
            return None
        own = self._accounts.pop(account, None) or _Turns(Window(rate))
        self._accounts[account] = own  # the one that was used last is last
        now = self._clock()
        while (oldest := next(iter(self._accounts))) != account and self._accounts[oldest].window.idle(now):
            if self._accounts[oldest].lock.locked():
                break
            del self._accounts[oldest]
        return own

    async def _turn(self, turns: _Turns | None) -> None:
        if turns is not None:
            async with turns.lock:
                await self._until(turns.window)
                turns.window.take(self._clock())

    async def _until(self, window: Window) -> None:
        while (due := window.due(now := self._clock())) > now:
            await self._sleep(due - now)

    def _begin_waiting(self) -> None:
        self._waiting += 1
        self._nobody_waits.clear()

    def _end_waiting(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._nobody_waits.set()


def _turns(rate: float | None) -> _Turns | None:
    return None if rate is None else _Turns(Window(rate))
