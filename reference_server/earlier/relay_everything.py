"""The Go backend of July 2025: it relays every frame to everybody, also to the sender, and does not read it.

The upgrade needs a token: an HMAC JWT whose `user_id`, if it has one, is an integer. The server has no greeting, no
replies, no rooms, no storage and no limits. It relays all frames as text, even binary frames and bytes that are not
text.

    JWT_SECRET=… chat-parity serve --as go-2025 --port 8080
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed

from reference_server.earlier.listening import LOOPBACK, listening

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

PATH = "/ws/chat"
UNCHECKED: Any = {f"verify_{claim}": False for claim in ("aud", "iat", "iss", "sub", "jti")}
"""The claims that its library does not check by default."""


def relaying(secret: str, port: int = 0, host: str = LOOPBACK) -> AbstractAsyncContextManager[str]:
    """Serve, with tokens signed by `secret` with any HMAC algorithm; the context gives the URL."""
    clients: set[ServerConnection] = set()

    async def talk(socket: ServerConnection) -> None:
        clients.add(socket)
        with suppress(ConnectionClosed):
            while True:
                broadcast(clients, await socket.recv(decode=False), text=True)
        clients.discard(socket)

    def admit(socket: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        if url.path != PATH:
            return socket.respond(HTTPStatus.NOT_FOUND, "404 page not found")
        token = parse_qs(url.query).get("token", [""])[0]
        if not token:
            return _refuse(socket, "Token manquant")
        return None if is_good(token, secret) else _refuse(socket, "Token invalide")

    return listening(talk, path=PATH, host=host, port=port, process_request=admit, max_size=None)


def is_good(token: str, secret: str) -> bool:
    """Say whether a token is signed, has not expired, and has claims of the right types."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256", "HS384", "HS512"], options=UNCHECKED)
    except jwt.InvalidTokenError:
        return False
    user, texts = claims.get("user_id", 0), (claims.get(name, "") for name in ("username", "role"))
    return type(user) is int and all(isinstance(one, str) for one in texts)


def _refuse(socket: ServerConnection, why: str) -> Response:
    response = socket.respond(HTTPStatus.UNAUTHORIZED, json.dumps({"error": why}, separators=(",", ":")))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return response
