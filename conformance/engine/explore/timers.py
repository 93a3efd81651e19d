"""Remembers which timers of the server requests have started, such as the one that ends typing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.context.run_context import RunContext


class Timers:
    """The timers that the requests of one conversation have started."""

    def __init__(self, run_context: RunContext) -> None:
        self._run = run_context
        self._began: dict[str, float] = {}

    def sent(self, frame: Mapping[str, Any]) -> None:
        """Start the timers that a request starts."""
        protocol = self._run.spec.protocol
        for one in protocol.expiries:
            if frame[protocol.discriminator] == one.request and one.having.items() <= frame.items():
                self._began.setdefault(one.timer, time.perf_counter())

    def overdue(self) -> bool:
        """Say whether one of them may have run out."""
        now = time.perf_counter()
        return any(now - began >= self._run.timer(timer) for timer, began in self._began.items())
