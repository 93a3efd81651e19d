"""Idle TCP connections to a target: whoever ends the server ends them, in that moment, and nothing else does.

A server that crashes and is back at once answers the next question as if nothing had been; these connections remember.
They never say a word, so they need no account, and are in nobody's room.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.target import Target

PAUSE = 1.0
"""Seconds before a connection that was lost is opened again; some servers end whoever says nothing for a while."""
FEW = 20
PORTS = {"ws": 80, "wss": 443}


class LivenessConnections:
    """Sits at every instance of a target and calls `lost` whenever a connection that stood is gone."""

    def __init__(self, target: Target, lost: Callable[[], None]) -> None:
        # Where connections are few, one that is for nothing would take the place of one that is needed.
        few = target.limits.open_connections is not None and target.limits.open_connections < FEW
        self._places = [] if few else [urlsplit(url) for url in target.instances]
        if self._places:  # and as many as look at the target again when something is wrong
            target.throttle.keep(2 * len(self._places) + 1)
        self._lost = lost
        self._sitting: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        seated = [asyncio.Event() for _ in self._places]
        self._sitting = [
            asyncio.create_task(self._sit(place.hostname or "", place.port or PORTS[place.scheme], event))
            for place, event in zip(self._places, seated, strict=True)
        ]
        await asyncio.gather(*(event.wait() for event in seated))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._sitting:
            task.cancel()
        await asyncio.gather(*self._sitting, return_exceptions=True)
        await asyncio.sleep(0)  # for the sockets to be closed

    async def _sit(self, host: str, port: int, seated: asyncio.Event) -> None:
        while True:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PAUSE)
            except (OSError, TimeoutError):
                seated.set()
            else:
                seated.set()
                try:
                    with contextlib.suppress(OSError):
                        while await reader.read(1 << 12):  # a server that speaks first
                            pass
                finally:
                    writer.transport.abort()
                self._lost()
            await asyncio.sleep(PAUSE)
