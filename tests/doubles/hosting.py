"""Keeps a double running beside a command that has the main thread, or a process, for itself."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager


@contextmanager
def hosted(server: AbstractAsyncContextManager[Any]) -> Iterator[Any]:
    """Run an asynchronous server in a thread for as long as the context lasts."""
    ready, stopping, given = threading.Event(), asyncio.Event(), []

    async def serve() -> None:
        async with server as thing:
            given.extend((thing, asyncio.get_running_loop()))
            ready.set()
            await stopping.wait()

    # `asyncio.run` cancels what is left: a connection may have come at the last moment.
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(60), "the server did not start"
        yield given[0]
    finally:
        if ready.is_set():
            given[1].call_soon_threadsafe(stopping.set)
            thread.join()
