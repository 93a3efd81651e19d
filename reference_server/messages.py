"""The 19 incoming message types, and the strict parser for them.

Types are strict: `"5"` and `true` are not integers. Unknown fields are ignored, so nothing in a body can say
who the sender is (AUTH-2). Null means absent where a field is optional.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from reference_server.errors import Refused

_DATE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _storable(text: str) -> str:
    """Refuse what a database cannot store: NUL (PostgreSQL) and lone surrogates (no UTF-8)."""
    if "\0" in text:
        raise ValueError("must not contain NUL")
    text.encode()
    return text


def _instant(value: object) -> datetime:
    """Read an RFC 3339 date-time, to the microsecond; finer digits are cut."""  # SYNC-5
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an RFC 3339 date-time with a zone")
    day, clock, fraction, zone = match.groups()
    digits = (fraction or "")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{digits}{zone.upper()}").astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


Text = Annotated[str, AfterValidator(_storable)]
Instant = Annotated[datetime, BeforeValidator(_instant)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Attachment(_Strict):
    """What is known of a file that is stored elsewhere."""

    url: Text
    filename: Text
    content_type: Text
    size: int
    width: int | None = None
    height: int | None = None
    duration: Annotated[int | float, Field(allow_inf_nan=False)] | None = None


class _InConversation(_Strict):
    conversation_id: UUID


class _OfMessage(_InConversation):
    message_id: UUID


class _ToUser(_InConversation):
    target_user_id: UUID


class SendMessage(_InConversation):
    """Say something."""

    type: Literal["SendMessage"]
    content: Text
    parent_message_id: UUID | None = None
    attachments: list[Attachment] | None = None


class EditMessage(_OfMessage):
    """Say it differently."""

    type: Literal["EditMessage"]
    content: Text


class DeleteMessage(_OfMessage):
    """Take it back."""

    type: Literal["DeleteMessage"]


class JoinConversation(_InConversation):
    """Have a conversation's live events sent to this connection."""

    type: Literal["JoinConversation"]


class LeaveConversation(_InConversation):
    """Have them no longer sent."""

    type: Literal["LeaveConversation"]


class FetchHistory(_InConversation):
    """Read backwards from the newest message, or from a cursor."""

    type: Literal["FetchHistory"]
    cursor: str | None = None
    limit: int | None = None


class SearchMessages(_InConversation):
    """Find messages by a piece of their text."""

    type: Literal["SearchMessages"]
    query: Text
    limit: int | None = None
    offset: int | None = None


class SyncMessages(_InConversation):
    """Catch up with what has changed."""

    type: Literal["SyncMessages"]
    since: Instant
    limit: int | None = None


class Typing(_InConversation):
    """Say that one is typing, or not any more."""

    type: Literal["Typing"]
    is_typing: bool


class MarkAsRead(_OfMessage):
    """Say that one has read up to a message."""

    type: Literal["MarkAsRead"]


class Delivered(_OfMessage):
    """Say that a message has arrived."""

    type: Literal["Delivered"]


class AddReaction(_OfMessage):
    """React to a message."""

    type: Literal["AddReaction"]
    emoji: Text


class RemoveReaction(_OfMessage):
    """Take a reaction back."""

    type: Literal["RemoveReaction"]
    emoji: Text


class CallOffer(_ToUser):
    """Call somebody."""

    type: Literal["CallOffer"]
    sdp: str
    call_type: Literal["audio", "video"] | None = None


class CallAnswer(_ToUser):
    """Take a call."""

    type: Literal["CallAnswer"]
    sdp: str


class ICECandidate(_ToUser):
    """Offer a network path; an empty candidate ends the list."""

    type: Literal["ICECandidate"]
    candidate: str
    sdp_mid: str | None = None
    sdp_mline_index: int | None = Field(default=None, ge=0, le=65_535)


class CallHangup(_ToUser):
    """End a call."""

    type: Literal["CallHangup"]


class CallReject(_ToUser):
    """Decline a call."""

    type: Literal["CallReject"]


class Ping(_Strict):
    """Ask whether the server is there."""

    type: Literal["Ping"]


Request = (
    SendMessage
    | EditMessage
    | DeleteMessage
    | JoinConversation
    | LeaveConversation
    | FetchHistory
    | SearchMessages
    | SyncMessages
    | Typing
    | MarkAsRead
    | Delivered
    | AddReaction
    | RemoveReaction
    | CallOffer
    | CallAnswer
    | ICECandidate
    | CallHangup
    | CallReject
    | Ping
)

_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])


def parse(text: str | bytes) -> Request:
    """Read one frame, or refuse it with a sentence that says what is wrong with it."""  # CONN-2, CONN-10
    try:
        return _REQUEST.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "union_tag_invalid" and isinstance(first["input"]["type"], str):
        raise Refused("unknown_type", "Unknown message type.")  # CONN-3
    if first["type"] in {"union_tag_not_found", "union_tag_invalid"}:
        raise Refused("invalid_message", "The message has no type.")
    field = ".".join(str(part) for part in first["loc"])
    raise Refused("invalid_message", f"{field}: {first['msg']}" if field else first["msg"])
