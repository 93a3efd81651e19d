"""The Go backend of July 2025: it relays every frame to everybody, the sender included, and reads none.

A token is asked for before the upgrade; after it there is no greeting, no reply, no room, no storage and no limit.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import jwt
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed

from tests.doubles.listening import listening

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response


def relaying(secret: str) -> AbstractAsyncContextManager[str]:
    """Serve on a free port, with tokens signed by `secret` under any HMAC; gives the URL."""
    clients: set[ServerConnection] = set()

    async def talk(socket: ServerConnection) -> None:
        clients.add(socket)
        with suppress(ConnectionClosed):
            async for data in socket:
                text = data if isinstance(data, str) else data.decode(errors="replace")
                broadcast(clients, text)
        clients.discard(socket)

    def admit(socket: ServerConnection, request: Request) -> Response | None:
        token = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
        if not token:
            return _refuse(socket, "Token manquant")
        try:
            jwt.decode(token, secret, algorithms=["HS256", "HS384", "HS512"], options={"verify_aud": False})
        except jwt.InvalidTokenError:
            return _refuse(socket, "Token invalide")
        return None

    return listening(talk, process_request=admit, max_size=None)


def _refuse(socket: ServerConnection, why: str) -> Response:
    response = socket.respond(HTTPStatus.UNAUTHORIZED, json.dumps({"error": why}))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    return response
