"""Keeps every open connection in use while a scenario waits, so that no gateway closes it as idle."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.engine.context.open_connections import OpenConnections

SILENCE = 0.5
"""Seconds without a frame of ours after which a connection gets a WebSocket ping (RFC 6455 §5.5.2)."""


@asynccontextmanager
async def kept_alive(connections: OpenConnections) -> AsyncIterator[None]:
    """Send pings for as long as the context lasts."""
    pings = asyncio.create_task(_ping(connections))
    try:
        yield
    finally:
        pings.cancel()
        await asyncio.wait([pings])


async def _ping(connections: OpenConnections) -> None:
    while True:
        for connection in connections.silent(SILENCE):
            connection.keep_alive()
        await asyncio.sleep(SILENCE / 2)  # A sleep: silence is the absence of events.
