"""Events that the server may send by itself once a timer runs out: one that comes so late proves nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.context.run_context import RunContext
    from conformance.wire.events import Received


class Expiries:
    """The timers of the server that requests of one scenario run have started (`expiries` in `protocol.yaml`)."""

    def __init__(self, run_context: RunContext) -> None:
        self._run = run_context
        self._kind = run_context.spec.protocol.discriminator
        self._began: dict[tuple[int, str], float] = {}

    def sent(self, user: str, request: Mapping[str, Any]) -> None:
        """Record a request; it may start a timer for this user, or start it anew."""
        for number, one in enumerate(self._run.spec.protocol.expiries):
            if request[self._kind] == one.request and one.having.items() <= request.items():
                self._began[number, user] = time.perf_counter()

    def explain(self, received: Received) -> str:
        """Say which timer may have caused an event; empty: none can have run out by then.

        Nothing tells whose timer it is, so that the first that was started counts.
        """
        value = received.frame.value or {}
        for number, one in enumerate(self._run.spec.protocol.expiries):
            if received.frame.type == one.event.frame and one.event.pattern.items() <= value.items():
                began = [at for (of, _), at in self._began.items() if of == number]
                seconds, length = received.at - min(began, default=received.at), self._run.timer(one.timer)
                if began and seconds >= length:
                    return (
                        f"this {received.frame.type} came {seconds:.1f} s after the {one.request} that started "
                        f"{one.timer} ({length:g} s), which may have caused it: the harness, the line or the server is "
                        "too slow to tell (a larger --time-scale waits longer still)"
                    )
        return ""
