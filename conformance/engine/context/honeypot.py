"""A URL on this machine that nobody should request."""

from __future__ import annotations

import asyncio
import contextlib


class Honeypot:
    """A listening socket that notices requests and gives no useful answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._visited = asyncio.Event()
        self._server: asyncio.Server | None = None

    @classmethod
    async def set(cls, name: str) -> Honeypot:
        """Listen on a free port of the loopback interface."""
        honeypot = cls(name)
        honeypot._server = await asyncio.start_server(honeypot._visit, "127.0.0.1", 0)
        return honeypot

    @property
    def url(self) -> str:
        """The URL of this honeypot."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{self.name}"

    @property
    def is_visited(self) -> bool:
        """Whether somebody has requested the URL."""
        return self._visited.is_set()

    async def visit(self, within: float) -> None:
        """Wait until somebody requests the URL, but not longer than `within` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._visited.wait(), within)

    async def remove(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _visit(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._visited.set()
        writer.close()
