"""The names of this dialect, and the translation of frames to and from them. It accepts no name of the protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.doubles.dialect_server.numbers import Numbers

VERSION = 3

REQUESTS = {
    "message.send": (
        "SendMessage",
        {"room": "conversation_id", "text": "content", "reply_to": "parent_message_id", "files": "attachments"},
    ),
    "message.edit": ("EditMessage", {"room": "conversation_id", "no": "message_id", "text": "content"}),
    "message.delete": ("DeleteMessage", {"room": "conversation_id", "no": "message_id"}),
    "room.enter": ("JoinConversation", {"room": "conversation_id"}),
    "room.leave": ("LeaveConversation", {"room": "conversation_id"}),
    "room.history": ("FetchHistory", {"room": "conversation_id", "page": "cursor", "count": "limit"}),
    "room.search": ("SearchMessages", {"room": "conversation_id", "q": "query", "count": "limit", "offset": "offset"}),
    "room.sync": ("SyncMessages", {"room": "conversation_id", "since": "since", "count": "limit"}),
    "room.typing": ("Typing", {"room": "conversation_id", "active": "is_typing"}),
    "message.read": ("MarkAsRead", {"room": "conversation_id", "no": "message_id"}),
    "message.got": ("Delivered", {"room": "conversation_id", "no": "message_id"}),
    "reaction.add": ("AddReaction", {"room": "conversation_id", "no": "message_id", "symbol": "emoji"}),
    "reaction.remove": ("RemoveReaction", {"room": "conversation_id", "no": "message_id", "symbol": "emoji"}),
    "call.offer": ("CallOffer", {"room": "conversation_id", "to": "target_user_id", "sdp": "sdp", "kind": "call_type"}),
    "call.answer": ("CallAnswer", {"room": "conversation_id", "to": "target_user_id", "sdp": "sdp"}),
    "call.candidate": (
        "ICECandidate",
        {
            "room": "conversation_id",
            "to": "target_user_id",
            "candidate": "candidate",
            "sdp_mid": "sdp_mid",
            "line": "sdp_mline_index",
        },
    ),
    "call.hangup": ("CallHangup", {"room": "conversation_id", "to": "target_user_id"}),
    "call.reject": ("CallReject", {"room": "conversation_id", "to": "target_user_id"}),
    "ping": ("Ping", {}),
}
EVENTS = {
    "NewMessage": "message",
    "MessageEdited": "message.edited",
    "MessageDeleted": "message.deleted",
    "HistoryChunk": "history",
    "SearchResults": "found",
    "SyncChunk": "synced",
    "UserTyping": "typing",
    "MessageRead": "message.read",
    "MessageDelivered": "message.got",
    "ReactionAdded": "reaction.added",
    "ReactionRemoved": "reaction.removed",
    "CallOffer": "call.incoming",
    "CallAnswer": "call.answered",
    "ICECandidate": "call.candidate",
    "CallHangup": "call.hungup",
    "CallReject": "call.rejected",
    "ActionConfirmed": "ok",
    "Error": "error",
    "Pong": "pong",
    "UserPresenceUpdate": "presence",
}
TOLD = {
    "conversation_id": "room",
    "message_id": "no",
    "parent_message_id": "reply_to",
    "content": "body",
    "attachments": "files",
    "emoji": "symbol",
    "messages": "list",
    "action": "done",
    "message": "reason",
    "has_more": "more",
    "next_cursor": "next",
    "call_type": "kind",
    "sdp_mline_index": "line",
    "is_typing": "active",
    "query": "q",
    "url": "href",
    "size": "bytes",
    "sender_id": "author",
    "user_ids": "by",
    "created_at": "sent_at",
    "from_user_id": "from",
}
DONE = {"connected": "welcome", "message_sent": "sent", "reaction_added": "reacted"}
CONFIRMED = {"joined_conversation": "room.entered", "left_conversation": "room.left"}
"""Actions whose confirmation is a type of its own, with a word and nothing else."""
WANTED = {"mode": "plain", "of": {"client": [1, None]}}
"""What a request to send must have besides."""
CODES = {
    "invalid_message": 400,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "rate_limited": 429,
    "internal": 500,
}
KINDS = {"audio": "voice", "video": "picture"}
IDS = {
    **dict.fromkeys(
        ("user_id", "sender_id", "editor_id", "deleted_by", "from_user_id", "target_user_id", "user_ids"), "user"
    ),
    **dict.fromkeys(("message_id", "parent_message_id"), "message"),
    "conversation_id": "conversation",
}


def heard(text: str, numbers: Numbers) -> str:
    """Put what a client says into the server's own words; what is no frame stays none."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(frame, dict):
        return text
    kind, names = (
        REQUESTS.get(frame["event"], (f"not {frame['event']}", {}))
        if isinstance(frame.get("event"), str)
        else (None, {})
    )
    data = frame.get("data")
    if frame.get("v") != VERSION or not isinstance(data, dict):
        kind = None
    if kind == "SendMessage" and any((data or {}).get(key) != value for key, value in WANTED.items()):
        kind = None
    given = (
        {names[key]: _heard(names[key], value, numbers) for key, value in (data or {}).items() if key in names}
        if kind
        else {}
    )
    return json.dumps({"type": kind, **given})


def _heard(name: str, value: Any, numbers: Numbers) -> Any:
    if name in IDS and value is not None:
        right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return numbers.id(IDS[name], value) if right else f"not a number: {value!r}"
    if name == "call_type" and value is not None:
        return {word: ours for ours, word in KINDS.items()}.get(value, "neither") if isinstance(value, str) else value
    if name == "attachments" and isinstance(value, list):
        return [_file(one) for one in value]
    return value


def _file(one: Any) -> Any:
    if not isinstance(one, dict):
        return one
    names = {"href": "url", "bytes": "size", "filename": "filename", "content_type": "content_type"}
    names |= {name: name for name in ("width", "height", "duration")}
    return {names[key]: value for key, value in one.items() if key in names}


def said(text: str, numbers: Numbers) -> str:
    """Translate what the server says into this dialect."""
    frame = json.loads(text)
    if frame["type"] == "ActionConfirmed" and frame["success"] and frame["action"] in CONFIRMED:
        return json.dumps({"v": VERSION, "event": CONFIRMED[frame["action"]], "data": {"status": "ok"}})
    data = _said({key: value for key, value in frame.items() if key != "type"}, numbers)
    return json.dumps({"v": VERSION, "event": EVENTS[frame["type"]], "data": data}, ensure_ascii=False)


def _said(value: Any, numbers: Numbers, name: str = "") -> Any:
    if isinstance(value, dict):
        return {TOLD.get(key, key): _said(item, numbers, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_said(item, numbers, name) for item in value]
    if name in IDS and value is not None:
        return numbers.number(IDS[name], value)
    words: dict[str, dict[str, Any]] = {"action": DONE, "code": CODES, "call_type": KINDS}
    return words[name].get(value, value) if name in words and isinstance(value, str) else value
