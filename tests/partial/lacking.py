"""The ways in which a server answers a request of a type that it does not have, or has by half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reference_server import events, hub, session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reference_server.connection import Connection
    from tests.faults.patching import Patch

    Say = Callable[[Connection, dict[str, Any]], str | None]
    """Answers a request of an unknown type; None: with nothing."""

EVENTS = {
    "SendMessage": {"NewMessage"},
    "EditMessage": {"MessageEdited"},
    "DeleteMessage": {"MessageDeleted"},
    "Typing": {"UserTyping"},
    "MarkAsRead": {"MessageRead"},
    "Delivered": {"MessageDelivered"},
    "AddReaction": {"ReactionAdded"},
    "RemoveReaction": {"ReactionRemoved"},
    **{name: {name} for name in ("CallOffer", "CallAnswer", "ICECandidate", "CallHangup", "CallReject")},
}
ACTIONS = {
    "SendMessage": "message_sent",
    "EditMessage": "message_edited",
    "DeleteMessage": "message_deleted",
    "JoinConversation": "joined_conversation",
    "LeaveConversation": "left_conversation",
    "MarkAsRead": "marked_as_read",
    "Delivered": "marked_as_delivered",
    "AddReaction": "reaction_added",
    "RemoveReaction": "reaction_removed",
    "CallOffer": "call_offered",
    "CallAnswer": "call_answered",
    "CallHangup": "call_hung_up",
    "CallReject": "call_rejected",
}
NO_DATA: dict[str, dict[str, Any]] = {
    "FetchHistory": {"type": "HistoryChunk", "has_more": False, "next_cursor": None},
    "SearchMessages": {"type": "SearchResults", "total": 0},
    "SyncMessages": {"type": "SyncChunk", "has_more": False},
}
UNANSWERED = {"Typing", "ICECandidate"}
TYPES = (*ACTIONS, *NO_DATA, *UNANSWERED, "Ping")


def _error(message: str, **more: Any) -> str:
    return json.dumps({"type": "Error", "message": message, **more}, ensure_ascii=False)


def _confirmation(action: str, *, success: bool = True) -> str:
    return json.dumps({"type": "ActionConfirmed", "action": action, "success": success})


def _hang_up(code: int) -> Say:
    return lambda connection, _: connection.hang_up(code, "unsupported")


def _serde(lacking: Sequence[str]) -> Say:
    known = ", ".join(f"`{name}`" for name in TYPES if name not in lacking)

    def say(_: Connection, request: dict[str, Any]) -> str:
        kind, column = request["type"], len(str(request["type"])) + 10
        return _error(
            f"Message JSON invalide: unknown variant `{kind}`, expected one of {known} at line 1 column {column}"
        )

    return say


def _same_error_for_all(patch: Patch) -> None:
    """Say the same whatever is wrong."""
    patch.around(events, "refusal")(lambda _, __: events.Error("Request failed.", None))


UNKNOWN: dict[str, Callable[[Sequence[str]], Say]] = {
    "serde": _serde,
    "code": lambda _: lambda __, ___: _error("Unknown.", code="unknown_type"),
    "other_code": lambda _: lambda __, request: _error(f"No handler for {request['type']}", code="NOT_IMPLEMENTED"),
    "plain": lambda _: lambda __, ___: _error("Bad request"),
    "uniform": lambda _: lambda __, ___: _error("Request failed."),
    "silence": lambda _: lambda __, ___: None,
    "closes_1003": lambda _: _hang_up(1003),
    "closes_1008": lambda _: _hang_up(1008),
    "outside": lambda _: lambda __, request: json.dumps({"error": f"unknown type {request['type']}"}),
    "http": lambda _: lambda __, ___: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "success": lambda _: lambda __, ___: _confirmation("ok"),
    "no_success": lambda _: lambda __, request: _confirmation(str(request["type"]), success=False),
    "relay": lambda _: lambda __, request: json.dumps(request),
}
"""How it answers a type that it does not know; invented types are answered alike."""
REFUSING = ("serde", "code", "other_code", "plain", "uniform")
"""The ways that are an Error."""
FOREIGN = ("outside", "http", "relay")
"""The ways that are no frame of the protocol."""


def _confirmed(_: Connection, request: dict[str, Any]) -> str | None:
    kind = request["type"]
    if kind in ACTIONS:
        return _confirmation(ACTIONS[kind])
    if kind in UNANSWERED:
        return None
    same = {key: request[key] for key in ("conversation_id", "query") if key in request}
    since = {"next_since": request["since"]} if isinstance(request.get("since"), str) else {}
    return json.dumps(NO_DATA[kind] | same | since | {"messages": []})


HALF = ("confirmed", "unheard", "unimplemented")
"""How it handles a type that it knows, and has not finished.

It may do nothing and confirm, do everything but tell anybody, or have an internal error for everybody.
"""


def lack(patch: Patch, types: Sequence[str], way: str) -> None:
    """Take these types from the server."""
    if way == "unheard":
        _tell_nobody(patch, {event for kind in types for event in EVENTS.get(kind, ())})
        return
    if way == "uniform":
        _same_error_for_all(patch)
    say = UNKNOWN[way](types) if way in UNKNOWN else _half(way)

    def lacks(kind: str) -> bool:
        return kind in types or (way in UNKNOWN and kind not in TYPES)

    @patch.around(session, "answer")
    async def answer(original: Any, context: Any, frame: Any) -> str | None:
        request = _request(frame)
        if request is None or not lacks(request["type"]):
            reply: str | None = await original(context, frame)
            return reply
        return say(context.connection, request)


def _half(way: str) -> Say:
    return _confirmed if way == "confirmed" else lambda _, __: _error("Not yet.", code="internal")


def _tell_nobody(patch: Patch, types: set[str]) -> None:
    @patch.around(hub, "deliver")
    def deliver(original: Any, event: Any, connections: Any) -> None:
        if json.loads(event.frame)["type"] not in types:
            original(event, connections)


def _request(frame: Any) -> dict[str, Any] | None:
    try:
        request = json.loads(frame.get("text") or "")
    except (ValueError, RecursionError):
        return None
    return request if isinstance(request, dict) and isinstance(request.get("type"), str) else None
