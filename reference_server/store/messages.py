"""Messages: create, edit and delete them, and read them by history, search or sync."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Connection, Executable, bindparam, func, insert, literal_column, select, update
from sqlalchemy import text as sql_text

from reference_server.errors import no_such_message
from reference_server.folding import ESCAPE, fold, like_pattern, phrase_of_trigrams
from reference_server.models import MESSAGES
from reference_server.new_ids import new_id
from reference_server.store import conversations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

Attachment = dict[str, Any]

_message = MESSAGES.c
_limit: BindParameter[int] = bindparam("limit")
_COLUMNS = select(
    _message.id,
    _message.conversation_id,
    _message.sender_id,
    _message.content,
    _message.parent_id,
    _message.attachments,
    _message.created_at,
    _message.changed_at,
    _message.edited_at,
    _message.deleted_at,
)
_IN_CONVERSATION = _COLUMNS.where(_message.conversation_id == bindparam("conversation"))
_VISIBLE = _IN_CONVERSATION.where(_message.deleted_at.is_(None))  # DEL-1, SRCH-5
_FIND = _VISIBLE.where(_message.id == bindparam("message"))
_NEWEST = _VISIBLE.order_by(_message.created_at.desc()).limit(_limit)
_OLDER = _NEWEST.where(_message.created_at < bindparam("before"))
_MATCHES = _VISIBLE.where(_message.folded.like(bindparam("pattern"), escape=ESCAPE))  # SRCH-2
_FOUND = _MATCHES.order_by(_message.created_at.desc()).limit(_limit).offset(bindparam("skip"))
_TOTAL = _MATCHES.with_only_columns(func.count())
#: On SQLite, what the index leads to; the `+` keeps it from reading the whole conversation instead.
_INDEXED = _COLUMNS.where(
    sql_text("message.rowid IN (SELECT rowid FROM message_search WHERE message_search MATCH :phrase)"),
    literal_column("+message.conversation_id", _message.conversation_id.type) == bindparam("conversation"),
    _message.deleted_at.is_(None),
    _message.folded.like(bindparam("pattern"), escape=ESCAPE),
)
_INDEXED_FOUND = _INDEXED.order_by(_message.created_at.desc()).limit(_limit).offset(bindparam("skip"))
_INDEXED_TOTAL = _INDEXED.with_only_columns(func.count())
_SIZE = select(func.count()).select_from(
    select(_message.id).where(_message.conversation_id == bindparam("conversation")).limit(_limit).subquery()
)
_HAS_INDEX = sql_text("SELECT 1 FROM sqlite_master WHERE name = 'message_search'")
#: On PostgreSQL: a plan for any text would not use the index.
_PLAN_FOR_THIS_QUERY = sql_text("SET LOCAL plan_cache_mode = force_custom_plan")
#: Up to as many messages are read faster than they are looked up.
FEW = 1000
_CHANGED = _IN_CONVERSATION.where(_message.changed_at > bindparam("since")).order_by(_message.changed_at).limit(_limit)
_ADD = insert(MESSAGES)
_CHANGE = update(MESSAGES).where(_message.id == bindparam("message"))
_TOUCH = _CHANGE.values(changed_at=bindparam("stamp"))
_EDIT = _TOUCH.values(content=bindparam("new_content"), folded=bindparam("new_folded"), edited_at=bindparam("stamp"))
_DELETE = _TOUCH.values(deleted_at=bindparam("stamp"))


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
    message = StoredMessage(
        new_id("message"), conversation_id, sender_id, content, parent_id, list(attachments), stamp, stamp
    )
    connection.execute(
        _ADD,
        {
            "id": message.message_id,
            "conversation_id": conversation_id,
            "sender_id": sender_id,
            "content": content,
            "folded": fold(content),
            "parent_id": parent_id,
            "attachments": message.attachments,
            "created_at": stamp,
            "changed_at": stamp,
            "edited_at": None,
            "deleted_at": None,
        },
    )
    conversations.advance(connection, conversation_id, stamp)
    return message


def find(connection: Connection, conversation_id: UUID, message_id: UUID) -> StoredMessage:
    """Return a visible message of this conversation, or refuse."""  # EDIT-4, DEL-4, READ-3, DLVR-3
    found = _read(connection, _FIND, {"conversation": conversation_id, "message": message_id})
    if not found:
        raise no_such_message()
    return found[0]


def edit(connection: Connection, message: StoredMessage, content: str, stamp: datetime) -> StoredMessage:
    """Replace the content; identity and position stay."""  # EDIT-3
    _change(connection, _EDIT, message, stamp, new_content=content, new_folded=fold(content))
    return replace(message, content=content, changed_at=stamp, edited_at=stamp)


def delete(connection: Connection, message: StoredMessage, stamp: datetime) -> StoredMessage:
    """Hide the message and keep its tombstone."""
    _change(connection, _DELETE, message, stamp)
    return replace(message, changed_at=stamp, deleted_at=stamp)


def touch(connection: Connection, message: StoredMessage, stamp: datetime) -> None:
    """Record that the message has changed, so that sync returns it."""  # SYNC-1
    _change(connection, _TOUCH, message, stamp)


def history(connection: Connection, conversation_id: UUID, before: datetime | None, limit: int) -> list[StoredMessage]:
    """Return the newest visible messages, newest first, older than `before` if it is given."""
    page = {"conversation": conversation_id, "limit": limit}
    if before is None:
        return _read(connection, _NEWEST, page)
    return _read(connection, _OLDER, page | {"before": before})


def search(
    connection: Connection, conversation_id: UUID, text: str, limit: int, offset: int
) -> tuple[list[StoredMessage], int]:
    """Return a page of the visible messages that contain the text, newest first, and how many do."""
    matching = {"conversation": conversation_id, "pattern": like_pattern(text)}
    found, total = _FOUND, _TOTAL
    if connection.dialect.name == "postgresql":
        connection.execute(_PLAN_FOR_THIS_QUERY)
    elif (phrase := phrase_of_trigrams(text)) and _is_indexed(connection, conversation_id):
        found, total, matching = _INDEXED_FOUND, _INDEXED_TOTAL, matching | {"phrase": phrase}
    count = connection.scalar(total, matching) or 0
    if count <= offset:  # to look for a page that is not there would read everything again
        return [], count
    return _read(connection, found, matching | {"limit": limit, "skip": offset}), count


def changes(connection: Connection, conversation_id: UUID, since: datetime, limit: int) -> list[StoredMessage]:
    """Return what has changed after `since`, tombstones included, in the order of the last change."""
    page = {"conversation": conversation_id, "since": since, "limit": limit}
    return _read(connection, _CHANGED, page)


def _is_indexed(connection: Connection, conversation_id: UUID) -> bool:
    """Say whether an index helps: there is one, and the conversation is too large to be read as a whole."""
    size = connection.scalar(_SIZE, {"conversation": conversation_id, "limit": FEW + 1}) or 0
    return size > FEW and connection.scalar(_HAS_INDEX) is not None


def _change(
    connection: Connection, statement: Executable, message: StoredMessage, stamp: datetime, **values: object
) -> None:
    connection.execute(statement, {"message": message.message_id, "stamp": stamp, **values})
    conversations.advance(connection, message.conversation_id, stamp)


def _read(connection: Connection, query: Executable, values: Mapping[str, object]) -> list[StoredMessage]:
    return [StoredMessage(*row) for row in connection.execute(query, dict(values))]
