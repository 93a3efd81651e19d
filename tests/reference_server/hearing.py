"""A subscriber that remembers."""

from __future__ import annotations

import asyncio

from reference_server.pubsub import Event, Notice

PATIENCE_S = 60.0


class Heard:
    """What was handed to it."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._more = asyncio.Event()

    def __call__(self, notice: Notice) -> None:
        self.notices.append(notice)
        self._more.set()

    @property
    def frames(self) -> list[str]:
        return [notice.frame for notice in self.notices if isinstance(notice, Event)]

    async def until(self, frame: str) -> list[str]:
        """Wait for a frame, and return all so far."""
        async with asyncio.timeout(PATIENCE_S):
            while frame not in self.frames:
                self._more.clear()
                await self._more.wait()
        return self.frames
