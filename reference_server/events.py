"""The 20 outgoing message types.

One frozen value per type, encoded once for all connections. Optional fields are always present, null if they have no
value; lists are never null; instants are UTC, to the microsecond (CONN-11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import orjson

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.errors import Code, Refused
    from reference_server.store.messages import StoredMessage
    from reference_server.store.reactions import Reactions

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A user has sent a message."""

    conversation_id: UUID
    message_id: UUID
    sender_id: UUID
    content: str
    created_at: datetime
    parent_message_id: UUID | None
    attachments: list[Json]
    type: Literal["NewMessage"] = "NewMessage"


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """A user has edited a message."""

    conversation_id: UUID
    message_id: UUID
    editor_id: UUID
    content: str
    edited_at: datetime
    type: Literal["MessageEdited"] = "MessageEdited"


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A user has deleted a message."""

    conversation_id: UUID
    message_id: UUID
    deleted_by: UUID
    deleted_at: datetime
    type: Literal["MessageDeleted"] = "MessageDeleted"


@dataclass(frozen=True, slots=True)
class HistoryChunk:
    """A page of history."""

    conversation_id: UUID
    messages: list[Json]
    has_more: bool
    next_cursor: str | None
    type: Literal["HistoryChunk"] = "HistoryChunk"


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of search results."""

    conversation_id: UUID
    query: str
    messages: list[Json]
    total: int
    type: Literal["SearchResults"] = "SearchResults"


@dataclass(frozen=True, slots=True)
class SyncChunk:
    """A page of changes."""

    conversation_id: UUID
    messages: list[Json]
    has_more: bool
    next_since: datetime
    type: Literal["SyncChunk"] = "SyncChunk"


@dataclass(frozen=True, slots=True)
class UserTyping:
    """A user has begun or stopped typing."""

    conversation_id: UUID
    user_id: UUID
    is_typing: bool
    type: Literal["UserTyping"] = "UserTyping"


@dataclass(frozen=True, slots=True)
class MessageRead:
    """A user has read up to a message."""

    conversation_id: UUID
    message_id: UUID
    user_id: UUID
    read_at: datetime
    type: Literal["MessageRead"] = "MessageRead"


@dataclass(frozen=True, slots=True)
class MessageDelivered:
    """A user has received a message."""

    conversation_id: UUID
    message_id: UUID
    user_id: UUID
    delivered_at: datetime
    type: Literal["MessageDelivered"] = "MessageDelivered"


@dataclass(frozen=True, slots=True)
class _Reaction:
    conversation_id: UUID
    message_id: UUID
    user_id: UUID
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionAdded(_Reaction):
    """A user has reacted to a message."""

    type: Literal["ReactionAdded"] = "ReactionAdded"


@dataclass(frozen=True, slots=True)
class ReactionRemoved(_Reaction):
    """A user has removed a reaction."""

    type: Literal["ReactionRemoved"] = "ReactionRemoved"


@dataclass(frozen=True, slots=True)
class _FromUser:
    """A frame that the server relays from one user to another."""

    conversation_id: UUID
    from_user_id: UUID


@dataclass(frozen=True, slots=True)
class CallOffer(_FromUser):
    """A user calls."""

    sdp: str
    call_type: str | None
    type: Literal["CallOffer"] = "CallOffer"


@dataclass(frozen=True, slots=True)
class CallAnswer(_FromUser):
    """A user accepts a call."""

    sdp: str
    type: Literal["CallAnswer"] = "CallAnswer"


@dataclass(frozen=True, slots=True)
class ICECandidate(_FromUser):
    """A user offers a network path."""

    candidate: str
    sdp_mid: str | None
    sdp_mline_index: int | None
    type: Literal["ICECandidate"] = "ICECandidate"


@dataclass(frozen=True, slots=True)
class CallHangup(_FromUser):
    """A user ends a call."""

    type: Literal["CallHangup"] = "CallHangup"


@dataclass(frozen=True, slots=True)
class CallReject(_FromUser):
    """A user declines a call."""

    type: Literal["CallReject"] = "CallReject"


@dataclass(frozen=True, slots=True)
class ActionConfirmed:
    """A request has been carried out."""

    action: str
    success: bool = True
    type: Literal["ActionConfirmed"] = "ActionConfirmed"


@dataclass(frozen=True, slots=True)
class Error:
    """A request has been refused."""

    message: str
    code: Code
    type: Literal["Error"] = "Error"


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to Ping."""

    type: Literal["Pong"] = "Pong"


@dataclass(frozen=True, slots=True)
class UserPresenceUpdate:
    """A user has come online or gone offline."""

    user_id: UUID
    status: Literal["online", "offline"]
    type: Literal["UserPresenceUpdate"] = "UserPresenceUpdate"


Outgoing = (
    NewMessage
    | MessageEdited
    | MessageDeleted
    | HistoryChunk
    | SearchResults
    | SyncChunk
    | UserTyping
    | MessageRead
    | MessageDelivered
    | ReactionAdded
    | ReactionRemoved
    | CallOffer
    | CallAnswer
    | ICECandidate
    | CallHangup
    | CallReject
    | ActionConfirmed
    | Error
    | Pong
    | UserPresenceUpdate
)


def encode(outgoing: Outgoing) -> str:
    """Write a frame."""
    return orjson.dumps(outgoing, default=_plain, option=orjson.OPT_UTC_Z).decode()


def _plain(value: object) -> str:
    """Write a subclass of UUID, as asyncpg returns it."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__}")


def refusal(refused: Refused) -> Error:
    """Turn a refusal into its answer."""
    return Error(refused.message, refused.code)


def describe(message: StoredMessage, reactions: Reactions) -> Json:
    """Give a message the form it has in history, search and sync; a tombstone has no content."""
    gone = message.deleted_at is not None  # DEL-3
    return {
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "sender_id": message.sender_id,
        "content": "" if gone else message.content,
        "parent_message_id": message.parent_message_id,
        "attachments": [] if gone else message.attachments,
        "reactions": [] if gone else [{"emoji": emoji, "user_ids": user_ids} for emoji, user_ids in reactions.items()],
        "created_at": message.created_at,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
    }
