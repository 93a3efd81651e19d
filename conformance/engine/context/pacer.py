"""The pacer keeps the requests of each user below the target's rate limits."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from conformance.spec import Spec
    from conformance.target import Target


@dataclass(slots=True)
class _Counted:
    """A request that the server counts: `at` is the latest moment at which it does so, as far as is known.

    `by` is the connection that sent it. `is_sure`: the server had handled it at that moment.
    """

    at: float
    by: object
    is_sure: bool = False


class Pacer:
    """Keeps each user's requests below the target's rate limits: only scenarios about limits may reach them."""

    def __init__(
        self,
        spec: Spec,
        target: Target,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self._limits = [
            (one.requests, int(target.look_up(one.limit)), float(target.look_up(one.window)))
            for one in spec.protocol.budgets
            if target.look_up(one.limit) is not None
        ]
        self._barrier = spec.protocol.barrier_request[spec.protocol.discriminator]
        self._counted: dict[tuple[str, int], deque[_Counted]] = {}

    async def ready(self, user: str, request: str, by: object = None) -> None:
        """Wait until the user may send one more request of this type by a connection, and count it."""
        index = self._limit_of(request)
        if index is None:
            return
        limit, safe = self._limits[index][1], self._safe(index)
        counted, now = self._recent(user, index), self.clock()
        # The slot is taken before the wait: a caller that asks meanwhile takes the next one.
        due = now if len(counted) < limit else max(now, _limiting(counted, limit) + safe)
        mine = _Counted(due, by)
        counted.append(mine)
        if due > now:
            await self._sleep(due - now)
            mine.at = max(due, self.clock())  # A busy machine wakes us late.

    def unsure(self, user: str, request: str) -> set[object]:
        """Give the connections whose barrier tells for how long the user must wait; none: it need not be asked.

        A busy server counts a request some time after it was sent, and its window is over as much later.
        """
        index = self._limit_of(request)
        if index is None:
            return set()
        counted, limit = self._recent(user, index), self._limits[index][1]
        if len(counted) < limit:
            return set()
        last = _limiting(counted, limit)
        return {one.by for one in counted if one.at <= last and not one.is_sure}

    def handled(self, user: str, by: object, sent: float) -> None:
        """Record that the server has now handled everything that was sent by a connection until the instant `sent`."""
        now = self.clock()
        for index in range(len(self._limits)):
            for one in self._counted.get((user, index), ()):
                if one.by is by and not one.is_sure and one.at <= sent:
                    one.at, one.is_sure = now, True

    def forget(self, user: str) -> None:
        """Drop the state of a user that is not used again."""
        for index in range(len(self._limits)):
            self._counted.pop((user, index), None)

    def _limit_of(self, request: str) -> int | None:
        if request == self._barrier:
            return None
        fitting = (index for index, (kinds, _, _) in enumerate(self._limits) if kinds is None or request in kinds)
        return next(fitting, None)

    def _safe(self, index: int) -> float:
        """Give the window with a margin: no barrier tells when a server counted what came by an ended connection."""
        return self._limits[index][2] * 1.05

    def _recent(self, user: str, index: int) -> deque[_Counted]:
        counted = self._counted.setdefault((user, index), deque())
        over = self.clock() - self._safe(index)
        while counted and counted[0].at <= over:
            counted.popleft()
        return counted


def _limiting(counted: Iterable[_Counted], limit: int) -> float:
    """Give the instant from which a window must pass before one more request fits."""
    return heapq.nlargest(limit, (one.at for one in counted))[-1]
