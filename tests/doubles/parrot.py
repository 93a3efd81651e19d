"""A hostile target that knows every secret of a run and repeats them wherever it can, in whatever form."""

from __future__ import annotations

import html
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from websockets.asyncio.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

FORMS = (str, quote, quote_plus, html.escape, repr, json.dumps, lambda text: json.dumps(json.dumps(text)))
CONNECTED = {"type": "ActionConfirmed", "action": "connected", "success": True}


@dataclass
class Parrot:
    """Lets everybody in and answers Pings; anything else brings an Error full of secrets, and text that is no frame.

    After `patience` connections it refuses, and says the secrets in the body.
    """

    secrets: list[str] = field(default_factory=list)
    patience: int = 12
    url: str = ""

    def screech(self, more: str = "") -> str:
        """Say everything, in every form; the last one is cut in its middle by whoever cuts at 200 characters."""
        forms = [form(one) for one in (*self.secrets, *filter(None, [more])) for form in FORMS]
        return " ".join(["no:", *forms])

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        self.patience -= 1
        if self.patience >= 0:
            return None
        token = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
        return connection.respond(HTTPStatus.UNAUTHORIZED, self.screech(token))

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        token = parse_qs(urlsplit(connection.request.path).query).get("token", [""])[0]
        await connection.send(json.dumps(CONNECTED))
        async for text in connection:
            frame = json.loads(text)
            if frame["type"] == "Ping":
                await connection.send('{"type": "Pong"}')
                continue
            said = self.screech(token)
            for message in (said, *self.secrets, token):
                await connection.send(json.dumps({"type": "Error", "message": message, message: 1}))
                await connection.send(json.dumps({"type": "Error", "message": message}, ensure_ascii=False))
            await connection.send(said)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Parrot]:
        async with serve(self.handle, "127.0.0.1", 0, process_request=self.refuse) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
            yield self
