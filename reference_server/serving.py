"""Starts and stops the instances of one process, and opens their sockets."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, cast

import uvicorn

from reference_server.app import create_app
from reference_server.config import ConfigError
from reference_server.context import Instance
from reference_server.database import open_database
from reference_server.dialect.around import Speaking
from reference_server.http_bounds import BoundedHTTP
from reference_server.misbehaviour.around import Misbehaving
from reference_server.misbehaviour.refusing import RefusingRateLimiter
from reference_server.outages import SHORTAGES
from reference_server.services import Services
from reference_server.transport import LingeringProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from reference_server.cluster import Cluster
    from reference_server.config import Settings
    from reference_server.database import Database
    from reference_server.dialect.choice import Dialect
    from reference_server.misbehaviour.switches import Switchboard

#: How long the kernel keeps trying to hand data to a client that is gone or does not read.
USER_TIMEOUT_MS = 30_000
SHUTDOWN_S = 2
SECOND_PROCESS = (
    "Another process serves this database, and without Redis its users and ours do not hear each other. "
    "Start all processes with the same --redis (on PostgreSQL), or give --port twice for two instances in one process."
)
STARTUP_POLL_S = 0.005


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the process, which may have several servers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket whose connections do not outlive a dead client for long."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(False)
    return listener


def build_server(
    settings: Settings,
    services: Services,
    pages: Sequence[BaseRoute] = (),
    switchboard: Switchboard | None = None,
    dialect: Dialect | None = None,
) -> uvicorn.Server:
    """Build the uvicorn server of one instance; with a switchboard, it misbehaves, and with a dialect, it speaks so."""
    http = partial(BoundedHTTP, waiting={})
    app: ASGIApp = create_app(settings, services, pages)
    if switchboard is not None:
        app = Misbehaving(app, switchboard, settings.jwt_secret)
    if dialect is not None:
        app = Speaking(app, dialect.tables, dialect.numbers, settings.jwt_secret, both=bool(pages))
    return QuietServer(
        uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", http),
            ws=LingeringProtocol,
            ws_max_size=settings.limits.frame_bytes,  # CONN-6
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,  # AUTH-5: it would print the query string
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


class Deployment:
    """Instances that share a database and a bus, from the first listener to the last connection.

    Example:
        async with Deployment(settings, "sqlite:///chat.db", "127.0.0.1", [0, 0]) as deployment:
            print(deployment.addresses)
    """

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        host: str,
        ports: Sequence[int],
        redis_url: str | None = None,
        *,
        pages: Sequence[BaseRoute] = (),
        switchboard: Switchboard | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        self.settings = settings
        self._database = open_database(database_url)
        self._cluster = _open_cluster(self._database, redis_url) if redis_url else None
        self.services = self._cluster.services if self._cluster else Services(self._database)
        if switchboard is not None:
            limiter = RefusingRateLimiter(self.services.rate_limiter, switchboard, Random())  # noqa: S311 -- chance, not secrecy
            self.services = replace(self.services, rate_limiter=limiter)
        self._switchboard = switchboard
        self._dialect = dialect
        self._host = host
        self._ports = ports
        self._pages = pages
        self._servers: list[uvicorn.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.addresses: list[str] = []

    async def __aenter__(self) -> Deployment:
        try:
            await self._start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._database.hurry()
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._tasks)
        await self._close()

    @property
    def websocket_urls(self) -> list[str]:
        """Where clients connect."""
        return [f"ws://{address}/ws" for address in self.addresses]

    @property
    def api_urls(self) -> list[str]:
        """Where conversations are provisioned."""
        return [f"http://{address}/api/v1" for address in self.addresses]

    async def _start(self) -> None:
        if not await self._database.claim(shared=self._cluster is not None):
            raise ConfigError(SECOND_PROCESS)
        await self._database.prepare()
        if self._cluster is not None:
            await self._cluster.start(Instance(self.settings, self.services))
        listeners = [self._listen(port) for port in self._ports]
        self.addresses = [_address(listener) for listener in listeners]
        self._servers = [
            build_server(self.settings, self.services, self._pages, self._switchboard, self._dialect) for _ in listeners
        ]
        self._tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(self._servers, listeners, strict=True)
        ]
        while not all(server.started for server in self._servers):
            await asyncio.sleep(STARTUP_POLL_S)  # A poll: uvicorn offers a flag and no event.
            for task in self._tasks:
                if task.done():
                    await task

    def _listen(self, port: int) -> socket.socket:
        try:
            return listen(self._host, port)
        except OSError as error:
            if error.errno in SHORTAGES:
                raise
            raise ConfigError(
                f"This server cannot listen on {self._host or '*'}, port {port}: {error.strerror}. "
                "Give another --port or --host."
            ) from None

    async def _close(self) -> None:
        await self.services.changes.close()
        parts = (self._database,) if self._cluster is None else (self._cluster, self._database)
        await asyncio.gather(*(part.close() for part in parts))  # at once: each may wait for an engine


def _open_cluster(database: Database, redis_url: str) -> Cluster:
    from reference_server.cluster import Cluster  # noqa: PLC0415 -- the client takes half a second to load

    return Cluster(database, redis_url)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
