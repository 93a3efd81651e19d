"""Wraps the application with a dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.dialect.api import PREFIX, NumberedApi
from reference_server.dialect.frames import Translator
from reference_server.dialect.tokens import identified

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reference_server.dialect.numbers import Numbers
    from reference_server.dialect.tables import Tables


#: Below this path, clients speak the protocol all the same, if there is a page of `--demo`.
PROTOCOL = "/protocol"


class Speaking:
    """An ASGI application whose clients speak a dialect; the wrapped application speaks the protocol.

    `both`: clients below the path `PROTOCOL` speak the protocol, too.
    """

    def __init__(self, app: ASGIApp, tables: Tables, numbers: Numbers, secret: str, *, both: bool = False) -> None:
        self._app = app
        self._api = NumberedApi(app, numbers, tables.integers)
        self._translator = Translator(tables, numbers)
        self._numbers = numbers
        self._secret = secret
        self._both = both

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if self._both and scope.get("path", "").startswith(f"{PROTOCOL}/"):
            path = scope["path"].removeprefix(PROTOCOL)
            await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, send)
            return
        if scope["type"] != "lifespan" and "user" in self._numbers.kinds:
            scope = identified(scope, self._secret, self._numbers)
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        elif self._numbers.kinds and scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._api(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hear() -> Message:
            message = await receive()
            if isinstance(message.get("text"), str):
                return {**message, "text": self._translator.heard(message["text"])}
            return message

        async def say(message: Message) -> None:
            is_frame = message["type"] == "websocket.send" and isinstance(message.get("text"), str)
            await send({**message, "text": self._translator.said(message["text"])} if is_frame else message)

        await self._app(scope, hear, say)
