"""A deployment under load: processes, engines behind proxies, clients, and what came of a fault."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.engines.postgresql import postgresql
from tests.engines.redis import redis
from tests.reference_server.support import Chat
from tests.survival.checker import Findings, check
from tests.survival.cutting import CuttingProxy
from tests.survival.engines import Postgres, Process
from tests.survival.load import Load, some_users
from tests.survival.slow_reader import SlowReader
from tests.survival.waiting import SLOW_S, explain_after

if TYPE_CHECKING:
    from tests.engines.redis import RedisServer

SENDERS = 6
#: A sender that has no acknowledgement for so long after a fault has not recovered.
PATIENCE_S = 60.0
#: Acknowledgements of every sender before a fault, and after it.
SOME = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the trials of one fault."""

    trials: int
    acknowledged: int
    indeterminate: int
    refused: int
    history: int
    findings: Findings
    #: Seconds from the end of the fault to an acknowledgement of every sender, the longest of all trials.
    recovery: float


class Deployment:
    """Everything that a fault can reach. `engine`: sqlite, postgresql, or cluster: three processes with Redis."""

    postgres: Postgres
    redis: RedisServer
    #: Between the clients and the first process.
    to_clients: CuttingProxy

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.processes: list[Process] = []
        #: The way of each process to an engine.
        self.to_postgres: list[CuttingProxy] = []
        self.to_redis: list[CuttingProxy] = []
        self.recovery = 0.0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="parity-survival-")))
        if self.engine != "sqlite":
            self.postgres = Postgres(self._stack.enter_context(postgresql()))
        if self.engine == "cluster":
            self.redis = self._stack.enter_context(redis())
        for index in range(3 if self.engine == "cluster" else 1):
            process = Process(self.folder, f"process-{index}", _free_port(), *await self._engines())
            self._stack.callback(process.close)
            await process.start()
            self.processes.append(process)
        port = int(self.processes[0].url.split(":")[2].split("/")[0])
        self.to_clients = await self._proxy(lambda: asyncio.open_connection("127.0.0.1", port))
        users = some_users(SENDERS + 1)
        others = some_users(2)
        async with Chat([each.url for each in self.processes], [each.api for each in self.processes]) as chat:
            conversation_id = await chat.conversation(roles=dict.fromkeys([*users, *others], "member"))
        self.slow_reader = SlowReader(self.processes[-1], (others[0], others[1]), conversation_id)
        urls = [each.url for each in self.processes]
        urls[0] = f"ws://127.0.0.1:{self.to_clients.port}/ws"
        self.load = Load(urls, conversation_id, users)
        self.load.start(SENDERS)
        await self.load.listening(PATIENCE_S)

    async def _engines(self) -> list[str]:
        """Give a process its own ways to the engines."""
        if self.engine == "sqlite":
            return ["--database", f"sqlite:///{self.folder}/chat.db"]
        socket = f"{self.postgres.socket}/.s.PGSQL.5432"
        self.to_postgres.append(await self._proxy(lambda: asyncio.open_unix_connection(socket)))
        options = ["--database", self.postgres.behind(self.to_postgres[-1].port)]
        if self.engine == "cluster":
            path = self.redis.url.removeprefix("unix://")
            self.to_redis.append(await self._proxy(lambda: asyncio.open_unix_connection(path)))
            options += ["--redis", f"redis://127.0.0.1:{self.to_redis[-1].port}"]
        return options

    async def _proxy(self, connect) -> CuttingProxy:
        return await self._stack.enter_async_context(CuttingProxy(connect))

    async def works(self) -> None:
        """Wait until every sender is being answered."""
        await self.load.progress(SOME, PATIENCE_S)

    async def recovers(self) -> None:
        """Wait until every sender is being answered again, and remember how long that took."""
        began = time.monotonic()
        postgres = None if self.engine == "sqlite" else self.postgres
        late = explain_after(SLOW_S, lambda: self.load.unanswered(began), self.processes, postgres)
        explaining = asyncio.create_task(late)
        try:
            self.recovery = max(self.recovery, await self.load.progress(1, PATIENCE_S))
        finally:
            explaining.cancel()
        await self.works()

    async def end(self, trials: int) -> Outcome:
        """Stop the load and compare."""
        history = await self.load.finish(PATIENCE_S)
        sent = self.load.sent
        counts = len(sent.acknowledged), len(sent.indeterminate), len(sent.refused), len(history)
        return Outcome(trials, *counts, check(sent, history, self.load.heard), self.recovery)


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
