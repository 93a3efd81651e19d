"""The Rust chat server of July 2025: it confirms five types of requests, and carries out none.

It has no authentication, no database, no membership and no broadcast. It sends a greeting. For a frame that it cannot
read, it sends `Error{message}` without a code: a French prefix and the text of serde. It ignores binary frames and
unknown fields. It also serves HTTP: `GET /health`, and `GET /api/messages?room=…` with the sent messages, oldest first.

    chat-parity serve --as rust-2025 --port 3001
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed

from reference_server.earlier.listening import LOOPBACK, listening
from reference_server.earlier.serde import Field, SerdeError, a_string, a_uuid, read

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

MAX_MESSAGE, MAX_FRAME = 64 << 20, 16 << 20

ACTIONS = {
    "SendMessage": "message_sent",
    "JoinConversation": "joined_conversation",
    "LeaveConversation": "left_conversation",
    "MarkAsRead": "marked_as_read",
}
"""The requests that it confirms: request type → action."""

VARIANTS = {
    "SendMessage": (
        Field("conversation_id", a_uuid),
        Field("content", a_string),
        Field("parent_message_id", a_uuid, optional=True),
    ),
    "JoinConversation": (Field("conversation_id", a_uuid),),
    "LeaveConversation": (Field("conversation_id", a_uuid),),
    "MarkAsRead": (Field("conversation_id", a_uuid), Field("message_id", a_uuid)),
    "Ping": (),
}
"""The requests that it can read, in the order in which its errors name them."""


def acknowledging(port: int = 0, host: str = LOOPBACK) -> AbstractAsyncContextManager[str]:
    """Serve; the context gives the URL."""
    store: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def talk(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await socket.send(_confirmed("connected"))
            async for data in socket:
                if isinstance(data, str):
                    await socket.send(answer(data, store))

    def route(socket: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        if url.path == "/ws":
            return None
        if url.path == "/health":
            return _json(socket, {"status": "ok"})
        if url.path == "/api/messages":
            return _json(socket, store[parse_qs(url.query).get("room", [""])[0]])
        return socket.respond(HTTPStatus.NOT_FOUND, "")

    return listening(talk, host=host, port=port, max_size=(MAX_MESSAGE, MAX_FRAME), process_request=route)


def answer(text: str, store: dict[str, list[dict[str, Any]]]) -> str:
    """Give the reply to one text frame."""
    try:
        kind, fields = read(text, VARIANTS, "WsInbound")
    except SerdeError as error:
        return _write({"type": "Error", "message": f"Message JSON invalide: {error}"})
    if kind == "Ping":
        return _write({"type": "Pong"})
    if kind == "SendMessage":
        stamp = {"id": str(uuid.uuid4()), "created_at": datetime.now(UTC).isoformat()}
        store[fields["conversation_id"]].append(fields | stamp)
    return _confirmed(ACTIONS[kind])


def _confirmed(action: str) -> str:
    return _write({"type": "ActionConfirmed", "action": action, "success": True})


def _write(frame: dict[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def _json(socket: ServerConnection, value: Any) -> Response:
    response = socket.respond(HTTPStatus.OK, json.dumps(value))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    return response
