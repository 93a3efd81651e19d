"""Passes bytes on between clients and a server unchanged, and gives a copy of each direction to an observer.

The relay reads the opening handshake, because it replaces the Host and the path by those of the upstream. Then nothing
is changed: bytes are passed on before their copy is judged.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

from websockets.frames import Opcode

from conformance.engine.observe.head import addressed, read_head, secrets_of, status_of, user_of, wants_upgrade
from conformance.engine.observe.side import HANDSHAKE, Side, Upstream
from conformance.engine.observe.tap import Blind, Control, Held, Message, Tap, agreed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.observe.head import Head
    from conformance.engine.observe.observer import Observer

    Passing = Callable[[bytes], None]

MOST_CONNECTIONS = 500
"""The most connections at the same time; further ones are refused with HTTP 503."""


class Relay:
    """Listens for clients, and connects each one to the upstream.

    `trouble` is called with one line for each client that cannot be connected to the upstream. `keep` is called with
    each secret of a handshake, before anything of that connection is observed. `said` is called with each event.
    """

    def __init__(
        self,
        upstream: Upstream,
        observer: Observer,
        *,
        keep: Callable[[str], object],
        trouble: Callable[[str], None],
        said: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._upstream = upstream
        self._observer = observer
        self._keep = keep
        self._trouble = trouble
        self._said = said
        self._held = Held()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sides: set[Side] = set()
        self._number = 0
        self._server: asyncio.Server | None = None
        self.failures = 0

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Start to listen, and give the address; raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, host, port, backlog=MOST_CONNECTIONS
        )
        address: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return address

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        if self._server is not None:
            self._server.close()
        for side in [*self._sides]:
            if side.transport is not None:
                side.transport.abort()
        if self._tasks:
            await asyncio.wait([*self._tasks], timeout=5)
        for task in [*self._tasks]:
            task.cancel()

    def _accept(self) -> Side:
        side = Side()
        self._sides.add(side)
        task = asyncio.create_task(self._lead(side))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return side

    async def _lead(self, client: Side) -> None:
        server = Side()
        try:
            await self._relay(client, server)
        finally:
            self._sides.difference_update((client, server))
            client.end()
            server.end()

    async def _relay(self, client: Side, server: Side) -> None:
        self._number += 1
        name = f"client-{self._number}"
        try:
            async with asyncio.timeout(HANDSHAKE):
                asked = await client.headed
            request = read_head(asked)
        except (TimeoutError, ValueError):
            _refuse(client, 400, "This is not an HTTP/1.1 request that can be read.")
            return
        if len(self._tasks) > MOST_CONNECTIONS:  # Not earlier: before its head has come, a client may not be answered.
            said = f"There are already {MOST_CONNECTIONS} connections, the most that are passed on at the same time."
            _refuse(client, 503, said)
            return
        if not wants_upgrade(request):
            _refuse(client, 426, "Only WebSocket connections are passed on here.", "Upgrade: websocket\r\n")
            return
        secrets = secrets_of(request)
        for one in secrets:
            self._keep(one)
        try:
            await self._upstream.open(server)
        except (OSError, TimeoutError) as error:
            self._fail(client, error)
            return
        self._sides.add(server)
        client.other, server.other = server, client
        if client.ended.done():
            return
        server.write(addressed(request, self._upstream.url, self._upstream.headers).to_bytes())
        try:
            async with asyncio.timeout(HANDSHAKE):
                answer = await server.headed
            response = read_head(answer)
            status = status_of(response)
        except (TimeoutError, ValueError):
            self._fail(client, ConnectionResetError("its answer to the upgrade was not HTTP"))
            return
        client.write(response.to_bytes())
        if status == 101:
            sent, received = self._observe(name, client, server, response, secrets)
        else:
            self._said(f"{name} was refused with HTTP {status}")
            sent, received = server.write, client.write
        server.begin(received, len(answer))
        client.begin(sent, len(asked))
        ended = await asyncio.gather(client.ended, server.ended)
        how = "ended" if not any(ended) else "dropped"
        self._observer.closed(name, how, time.time())
        if status == 101:
            self._said(f"{name} {how}")

    def _observe(
        self, name: str, client: Side, server: Side, response: Head, secrets: tuple[str, ...]
    ) -> tuple[Passing, Passing]:
        """Begin the observation, and give the functions that pass on the bytes of the client and of the server."""
        user = user_of(secrets)
        self._observer.opened(name, name, time.time(), user, secrets)
        self._said(f"{name} connected" + (f" as {user}" if user else ""))
        try:
            deflate = agreed(response.get("Sec-WebSocket-Extensions"))
        except ValueError as error:
            self._observer.lose(name, "both ways", str(error), time.time())
            return server.write, client.write
        return (
            self._passing(name, "sent", client, server, Tap("client", deflate, self._held)),
            self._passing(name, "received", server, client, Tap("server", deflate, self._held)),
        )

    def _passing(self, name: str, way: str, come: Side, to: Side, tap: Tap) -> Passing:
        observer = self._observer
        come.ended.add_done_callback(lambda _: tap.close())

        def passing(data: bytes) -> None:
            to.write(data)
            at = time.time()
            for event in tap.feed(data):
                match event:
                    case Message(message, problem):
                        observer.message(name, way, message, at, problem)
                    case Control(opcode, said):
                        who = "client" if way == "sent" else "server"
                        observer.note(name, f"{said}, by the {who}", at)
                        if opcode is Opcode.CLOSE:
                            self._said(f"{name} {said}, by the {who}")
                    case Blind(reason):
                        observer.lose(name, way, reason, at)
                        self._said(f"{name} is not judged from here on ({way}): {reason}")

        return passing

    def _fail(self, client: Side, error: Exception) -> None:
        self.failures += 1
        _refuse(client, 502, "The upstream cannot be reached.")
        self._trouble(why_unreachable(error))


def why_unreachable(error: Exception) -> str:
    """Say in a few words why the upstream does not answer."""
    if isinstance(error, TimeoutError):
        return f"no answer within {HANDSHAKE:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return " ".join(str(error).split())[:200] or type(error).__name__


def _refuse(client: Side, status: int, said: str, more: str = "") -> None:
    words = {400: "Bad Request", 426: "Upgrade Required", 502: "Bad Gateway", 503: "Service Unavailable"}
    body = f"chat-parity watch: {said}\n".encode()
    head = f"HTTP/1.1 {status} {words[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n{more}"
    client.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    client.end()
