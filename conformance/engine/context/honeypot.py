"""A URL on this machine that nobody should request."""

from __future__ import annotations

import asyncio


class Honeypot:
    """A listening socket that counts requests and gives no useful answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.visits = 0
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

    async def remove(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _visit(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()
