"""Where the doubles listen: the loopback interface, for as long as a context, or a process of its own, lasts."""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    import trustme
    from websockets.asyncio.server import ServerConnection


@asynccontextmanager
async def listening(
    handler: Callable[[ServerConnection], Awaitable[None]], *, path: str = "/ws", port: int = 0, **options: Any
) -> AsyncIterator[str]:
    """Give the URL under which `handler` serves; on a free port, unless one is named."""
    plain: dict[str, Any] = {"compression": None, "ping_interval": None, "max_queue": None, "close_timeout": 0.5}
    async with serve(handler, "127.0.0.1", port, **plain | options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"


def certified(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """Give what a server listens with as `host`, by a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def serve_alone(server: AbstractAsyncContextManager[str]) -> None:
    """Serve in this process until it is told to end, and print the URL first."""

    async def main() -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        async with server as url:
            print(url, flush=True)
            await ended.wait()

    asyncio.run(main())
