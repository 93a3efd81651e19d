"""A client that reads far less than it is told."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import urllib.request
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.reference_server.support import open_socket, token
from tests.survival.load import FAILURES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from websockets.asyncio.client import ClientConnection

    from tests.survival.engines import Process

#: So much of what others send is in one frame.
PAYLOAD = "x" * 60_000
TOO_SLOW = re.compile(r'^chat_connections_cut_total\{code="4408"\} (\d+)', re.MULTILINE)
READS_S = 0.2
LOOKS_S = 0.1


class SlowReader:
    """A member who takes one frame each 0.2 s, while another member sends them large ones."""

    def __init__(self, process: Process, users: tuple[UUID, UUID], conversation_id: UUID) -> None:
        self._process = process
        self._slow, self._other = users
        self._conversation = str(conversation_id)

    @asynccontextmanager
    async def lagging(self) -> AsyncIterator[None]:
        """Keep the reader lagging, or connected anew when it is cut."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._read()), group.create_task(self._flood())]
            yield
            for task in tasks:
                task.cancel()

    async def cuts(self) -> int:
        """Give how many connections the process has ended because their readers were too slow."""
        page = await asyncio.to_thread(self._metrics)
        found = TOO_SLOW.search(page)
        return int(found[1]) if found else 0

    async def is_cut(self, cuts: int, patience: float) -> None:
        """Wait until there are more cuts than those."""
        async with asyncio.timeout(patience):
            while await self.cuts() <= cuts:  # noqa: ASYNC110 -- metrics tell nobody that they have changed
                await asyncio.sleep(LOOKS_S)

    def _metrics(self) -> str:
        with urllib.request.urlopen(self._process.api.replace("/api/v1", "/metrics"), timeout=20) as page:
            return str(page.read().decode())

    @asynccontextmanager
    async def _joined(self, user_id: UUID, **options: object) -> AsyncIterator[ClientConnection]:
        client = await open_socket(self._process.url, token(user_id), **options)
        try:
            await client.send(json.dumps({"type": "JoinConversation", "conversation_id": self._conversation}))
            yield client
        finally:
            client.transport.abort()

    async def _read(self) -> None:
        address = urlsplit(self._process.url)
        while True:
            with suppress(*FAILURES), socket.socket() as small:
                small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                small.connect((address.hostname, address.port))
                small.setblocking(False)
                async with self._joined(self._slow, sock=small, max_queue=1) as client:
                    while True:
                        await client.recv()
                        await asyncio.sleep(READS_S)  # The fault itself.
            await asyncio.sleep(READS_S)  # A sleep: as clients do before they connect again.

    async def _flood(self) -> None:
        call = {"type": "ICECandidate", "conversation_id": self._conversation, "candidate": PAYLOAD}
        text = json.dumps(call | {"target_user_id": str(self._slow)})
        while True:
            with suppress(*FAILURES):
                async with self._joined(self._other) as client:
                    while True:
                        await client.send(text)
                        await client.send('{"type": "Ping"}')
                        while json.loads(await client.recv())["type"] != "Pong":  # one by one: others have their turn
                            pass
            await asyncio.sleep(READS_S)  # A sleep: as clients do before they connect again.
