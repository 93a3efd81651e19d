"""Opens the socket of an earlier server, and closes it at the end of a context."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from websockets.asyncio.server import ServerConnection

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def listening(
    handler: Callable[[ServerConnection], Awaitable[None]],
    *,
    path: str = "/ws",
    host: str = LOOPBACK,
    port: int = 0,
    **options: Any,
) -> AsyncIterator[str]:
    """Serve with `handler` until the context ends, and give the URL; port 0 is any free port."""
    plain: dict[str, Any] = {"compression": None, "ping_interval": None, "max_queue": None, "close_timeout": 0.5}
    async with serve(handler, host, port, **plain | options) as server:
        name = f"[{host}]" if ":" in host else host
        yield f"ws://{name}:{server.sockets[0].getsockname()[1]}{path}"
