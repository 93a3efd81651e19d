"""Messages: their birth, their changes, and the three ways to read them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlmodel import col

from reference_server.errors import no_such_message
from reference_server.folding import ESCAPE, fold, like_pattern
from reference_server.models import Message
from reference_server.store import conversations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Attachment = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message in its present state."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    content: str
    parent_message_id: UUID | None
    attachments: list[Attachment]
    created_at: datetime
    changed_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


_COLUMNS = (
    col(Message.id),
    col(Message.conversation_id),
    col(Message.sender_id),
    col(Message.content),
    col(Message.parent_id),
    col(Message.attachments),
    col(Message.created_at),
    col(Message.changed_at),
    col(Message.edited_at),
    col(Message.deleted_at),
)


def add(
    connection: Connection,
    conversation_id: UUID,
    sender_id: UUID,
    stamp: datetime,
    *,
    content: str,
    parent_id: UUID | None,
    attachments: Sequence[Attachment],
) -> StoredMessage:
    """Store a new message at the end of its conversation."""
    if parent_id is not None:
        find(connection, conversation_id, parent_id)  # SEND-8
    message = StoredMessage(uuid4(), conversation_id, sender_id, content, parent_id, list(attachments), stamp, stamp)
    connection.execute(
        insert(Message).values(
            id=message.message_id,
            conversation_id=conversation_id,
            sender_id=sender_id,
            content=content,
            folded=fold(content),
            parent_id=parent_id,
            attachments=message.attachments,
            created_at=stamp,
            changed_at=stamp,
        )
    )
    conversations.advance(connection, conversation_id, stamp)
    return message


def find(connection: Connection, conversation_id: UUID, message_id: UUID) -> StoredMessage:
    """Return a visible message of this conversation, or refuse."""  # EDIT-4, DEL-4, READ-3, DLVR-3
    query = _select().where(
        col(Message.id) == message_id,
        col(Message.conversation_id) == conversation_id,
        col(Message.deleted_at).is_(None),
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise no_such_message()
    return _message(row)


def edit(connection: Connection, message: StoredMessage, content: str, stamp: datetime) -> StoredMessage:
    """Replace the content; identity and position stay."""  # EDIT-3
    _change(connection, message, stamp, content=content, folded=fold(content), changed_at=stamp, edited_at=stamp)
    return replace(message, content=content, changed_at=stamp, edited_at=stamp)


def delete(connection: Connection, message: StoredMessage, stamp: datetime) -> StoredMessage:
    """Hide the message and keep its tombstone."""
    _change(connection, message, stamp, changed_at=stamp, deleted_at=stamp)
    return replace(message, changed_at=stamp, deleted_at=stamp)


def touch(connection: Connection, message: StoredMessage, stamp: datetime) -> None:
    """Write down that something about the message has changed, so that sync tells it."""  # SYNC-1
    _change(connection, message, stamp, changed_at=stamp)


def history(connection: Connection, conversation_id: UUID, before: datetime | None, limit: int) -> list[StoredMessage]:
    """Return the newest visible messages, newest first, older than `before` if it is given."""
    query = _visible(conversation_id).order_by(col(Message.created_at).desc()).limit(limit)
    if before is not None:
        query = query.where(col(Message.created_at) < before)
    return _messages(connection, query)


def search(
    connection: Connection, conversation_id: UUID, text: str, limit: int, offset: int
) -> tuple[list[StoredMessage], int]:
    """Return a page of the visible messages that contain the text, newest first, and how many do."""
    matches = _visible(conversation_id).where(
        col(Message.folded).like(like_pattern(text), escape=ESCAPE)  # SRCH-2
    )
    total = connection.scalar(matches.with_only_columns(func.count())) or 0
    page = matches.order_by(col(Message.created_at).desc()).limit(limit).offset(offset)
    return _messages(connection, page), total


def changes(connection: Connection, conversation_id: UUID, since: datetime, limit: int) -> list[StoredMessage]:
    """Return what has changed after `since`, tombstones included, in the order of the last change."""
    query = (
        _select()
        .where(col(Message.conversation_id) == conversation_id, col(Message.changed_at) > since)
        .order_by(col(Message.changed_at))
        .limit(limit)
    )
    return _messages(connection, query)


def _change(connection: Connection, message: StoredMessage, stamp: datetime, **values: Any) -> None:
    connection.execute(update(Message).where(col(Message.id) == message.message_id).values(**values))
    conversations.advance(connection, message.conversation_id, stamp)


def _select() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS)


def _visible(conversation_id: UUID) -> Select[*tuple[Any, ...]]:
    return _select().where(
        col(Message.conversation_id) == conversation_id,
        col(Message.deleted_at).is_(None),  # DEL-1, SRCH-5
    )


def _messages(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[StoredMessage]:
    return [_message(row) for row in connection.execute(query)]


def _message(row: Row[*tuple[Any, ...]]) -> StoredMessage:
    return StoredMessage(*row)
