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
    loop, ready, given = asyncio.new_event_loop(), threading.Event(), []
    stopping = asyncio.Event()

    async def serve() -> None:
        async with server as thing:
            given.append(thing)
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(60), "the server did not start"
        yield given[0]
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()
