"""Stands before the reference server's application, in the same process, and translates: frames, tokens, the API."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import jwt

from tests.doubles.dialect_server.names import heard, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from tests.doubles.dialect_server.numbers import Numbers

    Event = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Event]]
    Send = Callable[[Event], Awaitable[None]]
    App = Callable[[Event, Receive, Send], Awaitable[None]]

_PLACES = re.compile(r"(?<=/conversations/)(\d+)/members/(\d+)")


class Front:
    """An ASGI application in front of another."""

    def __init__(self, app: App, secret: str, numbers: Numbers) -> None:
        self._app = app
        self._secret = secret
        self._numbers = numbers

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Serve one connection or one request."""
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        elif scope["type"] == "http":
            await self._provide(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _converse(self, scope: Event, receive: Receive, send: Send) -> None:
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        known = [(key, self._token(value) if key == "token" else value) for key, value in query]

        async def hear() -> Event:
            event = await receive()
            if event.get("text") is not None:
                event = {**event, "text": heard(event["text"], self._numbers)}
            return event

        async def say(event: Event) -> None:
            if event.get("text") is not None:
                event = {**event, "text": said(event["text"], self._numbers)}
            await send(event)

        await self._app({**scope, "query_string": urlencode(known).encode()}, hear, say)

    async def _provide(self, scope: Event, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        if body:
            given = json.loads(body)
            for member in given.get("members", ()):
                member["user_id"] = self._numbers.user(member["user_id"])
            body = json.dumps(given).encode()
        path = _PLACES.sub(
            lambda found: (
                f"{self._numbers.id('conversation', int(found[1]))}/members/{self._numbers.user(int(found[2]))}"
            ),
            scope["path"],
        )
        inner = {**scope, "path": path, "raw_path": path.encode(), "headers": self._headers(scope["headers"], body)}
        answer: list[Event] = []

        async def hear() -> Event:
            return {"type": "http.request", "body": body}

        async def say(event: Event) -> None:
            answer.append(event)

        await self._app(inner, hear, say)
        start, told = answer[0], b"".join(event.get("body", b"") for event in answer[1:])
        if b"conversation_id" in told:
            found = json.loads(told)
            found["conversation_id"] = self._numbers.number("conversation", found["conversation_id"])
            told = json.dumps(found).encode()
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        length = [] if start["status"] == 204 else [(b"content-length", str(len(told)).encode())]
        await send({**start, "headers": [*headers, *length]})
        await send({"type": "http.response.body", "body": told})

    def _headers(self, headers: Any, body: bytes) -> list[tuple[bytes, bytes]]:
        known = []
        for name, value in headers:
            if name == b"authorization":
                scheme, _, token = value.decode().partition(" ")
                known.append((name, f"{scheme} {self._token(token)}".encode()))
            elif name != b"content-length":
                known.append((name, value))
        return [*known, (b"content-length", str(len(body)).encode())]

    def _token(self, token: str) -> str:
        """Sign a good token anew, for the UUID of the user whose number it has; any other stays what it is."""
        try:
            signed = jwt.PyJWS().decode_complete(token, self._secret, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return token
        claims = json.loads(signed["payload"])
        if isinstance(claims.get("sub"), int):
            claims["sub"] = self._numbers.user(claims["sub"])
        elif "sub" in claims:
            claims["sub"] = "not a number"
        return jwt.encode(claims, self._secret, "HS256")
