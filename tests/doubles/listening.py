"""Where the doubles listen: a free port of the loopback interface, for as long as a context lasts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from websockets.asyncio.server import ServerConnection


@asynccontextmanager
async def listening(handler: Callable[[ServerConnection], Awaitable[None]], **options: Any) -> AsyncIterator[str]:
    """Give the URL under which `handler` serves."""
    plain: dict[str, Any] = {"compression": None, "ping_interval": None, "max_queue": None, "close_timeout": 0.5}
    async with serve(handler, "127.0.0.1", 0, **plain | options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
