"""Keeps every open connection in use while a scenario waits, so that no gateway closes it as idle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.engine.context.open_connections import OpenConnections

SILENCE = 0.5
"""Seconds without a frame of ours after which a connection gets a WebSocket ping (RFC 6455 §5.5.2)."""


async def keep_alive(connections: OpenConnections) -> None:
    """Send pings until this is cancelled."""
    while True:
        for connection in connections.silent(SILENCE):
            connection.keep_alive()
        await asyncio.sleep(SILENCE / 2)  # A sleep: silence is the absence of events.
