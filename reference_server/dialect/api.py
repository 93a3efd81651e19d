"""Translates the ids in paths and bodies of the provisioning API, if the ids of the dialect are numbers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reference_server.dialect.numbers import Numbers

    Convert = Callable[[str, Any], Any]

PREFIX = "/api/v1/conversations"
_PLACES = re.compile(r"(?P<conversation>(?<=/conversations/)[^/]+)|(?P<user>(?<=/members/)[^/]+)")


class NumberedApi:
    """Wraps the API and translates ids."""

    def __init__(self, app: ASGIApp, numbers: Numbers, kinds: Mapping[str, str]) -> None:
        self._app = app
        self._numbers = numbers
        self._kinds = kinds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = await _body_of(receive)
        if body is None:
            return
        path = _PLACES.sub(self._in_path, scope["path"])
        body = self._translated(body, self._numbers.to_uuid)
        headers = [*_without_length(scope["headers"]), (b"content-length", str(len(body)).encode())]
        answer: list[Message] = []

        async def give() -> Message:
            return {"type": "http.request", "body": body}

        async def take(message: Message) -> None:
            answer.append(message)

        await self._app({**scope, "path": path, "raw_path": path.encode(), "headers": headers}, give, take)
        start, told = answer[0], b"".join(message.get("body", b"") for message in answer[1:])
        told = self._translated(told, self._numbers.to_number) if told and start["status"] < 300 else told
        length = [] if start["status"] == 204 else [(b"content-length", str(len(told)).encode())]
        await send({**start, "headers": [*_without_length(start["headers"]), *length]})
        await send({"type": "http.response.body", "body": told})

    def _in_path(self, found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        if kind not in self._numbers.kinds:
            return found[0]
        is_number = found[0].isascii() and found[0].isdigit() and len(found[0]) <= 20
        given: str = self._numbers.to_uuid(kind, int(found[0]) if is_number else found[0])
        return given

    def _translated(self, body: bytes, convert: Convert) -> bytes:
        try:
            return json.dumps(self._converted(json.loads(body), convert)).encode() if body else body
        except (ValueError, RecursionError):
            return body  # the API says what is wrong with it

    def _converted(self, value: Any, convert: Convert) -> Any:
        if isinstance(value, list):
            return [self._converted(item, convert) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: convert(self._kinds[name], item) if name in self._kinds else self._converted(item, convert)
            for name, item in value.items()
        }


async def _body_of(receive: Receive) -> bytes | None:
    """Read the whole body, whose size `http_bounds` limits; None: its client is gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _without_length(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() != b"content-length"]
