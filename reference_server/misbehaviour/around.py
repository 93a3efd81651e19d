"""Wraps the application with the switches."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from reference_server import tasks
from reference_server.misbehaviour import clock
from reference_server.misbehaviour.frames import Outgoing
from reference_server.misbehaviour.tokens import shorten_in
from reference_server.transport import line_in

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reference_server.misbehaviour.switches import Switchboard


class Misbehaving:
    """An ASGI application that misbehaves as its switches say; if all are off, it behaves like the wrapped one."""

    def __init__(self, app: ASGIApp, switchboard: Switchboard, secret: str, random: Random | None = None) -> None:
        self._app = app
        self._switchboard = switchboard
        self._secret = secret
        self._random = random or Random()  # noqa: S311 -- not for secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        ttl = self._switchboard.now.token_ttl
        if scope["type"] != "lifespan" and ttl is not None:
            scope = shorten_in(scope, self._secret, ttl)
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        outgoing = Outgoing(send, self._switchboard, self._random)
        beside = [asyncio.create_task(outgoing.run()), asyncio.create_task(self._drop(scope))]

        async def receive_skewed() -> Message:
            message = await receive()
            skew = self._switchboard.now.clock_skew
            if skew and isinstance(message.get("text"), str):
                return {**message, "text": clock.read(message["text"], skew)}
            return message

        try:
            await self._app(scope, receive_skewed, outgoing.send)
        finally:
            outgoing.stop()
            for task in beside:
                await tasks.end(task)

    async def _drop(self, scope: Scope) -> None:
        """Cut the connection at a random time; a change of a switch draws a new time, with the same probability."""
        while True:
            rate = self._switchboard.now.drop_connection
            with suppress(TimeoutError):
                async with asyncio.timeout(self._random.expovariate(rate) if rate else None):
                    await self._switchboard.change()
                continue
            line_in(scope).cut()
            return
