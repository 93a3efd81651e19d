"""The Rust chat server of July 2025: it acknowledges five requests, and does none of them.

No authentication, no database, no membership, no broadcast. A greeting; `Error{message}` without a code for everything
that it cannot read; binary frames are ignored, and so are fields that it does not know.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed

from tests.doubles.listening import listening

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from websockets.asyncio.server import ServerConnection

MAX_MESSAGE = 64 << 20
MAX_DEPTH = 128
"""Levels of nesting at which its JSON parser gives up."""

ACTIONS = {
    "SendMessage": ("message_sent", {"conversation_id": uuid.UUID, "content": str}),
    "JoinConversation": ("joined_conversation", {"conversation_id": uuid.UUID}),
    "LeaveConversation": ("left_conversation", {"conversation_id": uuid.UUID}),
    "MarkAsRead": ("marked_as_read", {"conversation_id": uuid.UUID, "message_id": uuid.UUID}),
}
"""What it knows: request type → action, and the fields that must be there."""


def acknowledging() -> AbstractAsyncContextManager[str]:
    """Serve on a free port; gives the URL."""
    return listening(_talk, max_size=MAX_MESSAGE)


async def _talk(socket: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        await socket.send(_confirmed("connected"))
        async for data in socket:
            if isinstance(data, str):
                await socket.send(answer(data))


def answer(text: str) -> str:
    """Give the reply to one text frame."""
    try:
        request = _read(text)
        if request["type"] == "Ping":
            return json.dumps({"type": "Pong"})
        action, fields = ACTIONS[request["type"]]
        for name, kind in fields.items():
            _check(request[name], kind)
        if request.get("parent_message_id") is not None:
            _check(request["parent_message_id"], uuid.UUID)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return json.dumps({"type": "Error", "message": f"Message JSON invalide: {str(error)[:80]}"})
    return _confirmed(action)


def _read(text: str) -> dict[str, Any]:
    request = json.loads(text, object_pairs_hook=_unique)
    text.encode()
    json.dumps(request, ensure_ascii=False).encode()  # half a surrogate pair is no text
    if _depth(request) > MAX_DEPTH:
        raise ValueError("recursion limit exceeded")
    found: dict[str, Any] = request
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("duplicate field")
    return dict(pairs)


def _check(value: Any, kind: type) -> None:
    if not isinstance(value, str):
        raise TypeError("invalid type: expected a string")
    kind(value)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0


def _confirmed(action: str) -> str:
    return json.dumps({"type": "ActionConfirmed", "action": action, "success": True})
