"""The tables.

Every change of a conversation takes a *stamp* (`store/conversations.py`): strictly increasing within the
conversation, taken inside the transaction that makes the change. A message's `created_at` is the stamp of
its birth and orders history; its `changed_at` is the stamp of its last change and orders sync. Both are
therefore unique within a conversation, which is what makes cursors lose and repeat nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Table
from sqlmodel import Field, SQLModel

from reference_server.columns import UtcDateTime


class Conversation(SQLModel, table=True):
    """A conversation, and the clock of its changes."""

    id: UUID = Field(primary_key=True)
    name: str | None = None
    visibility: str
    last_stamp: datetime = Field(sa_type=UtcDateTime)
    #: How many events the journal has had.
    position: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class Membership(SQLModel, table=True):
    """The role of a user in a conversation; a user without a row is an outsider."""

    conversation_id: UUID = Field(primary_key=True, foreign_key="conversation.id")
    user_id: UUID = Field(primary_key=True, index=True)
    role: str


class Message(SQLModel, table=True):
    """A message in its present state; a deleted one keeps its row as a tombstone."""

    __table_args__ = (
        Index("ix_message_history", "conversation_id", "created_at"),
        Index("ix_message_sync", "conversation_id", "changed_at"),
    )

    id: UUID = Field(primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id")
    sender_id: UUID
    content: str
    #: `folding.fold(content)`: the same answers from every engine and collation.
    folded: str
    parent_id: UUID | None = None
    attachments: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Reaction(SQLModel, table=True):
    """One emoji of one user on one message."""

    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    user_id: UUID = Field(primary_key=True)
    emoji: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Delivery(SQLModel, table=True):
    """One recipient has received one message."""

    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    user_id: UUID = Field(primary_key=True)


class ReadMark(SQLModel, table=True):
    """Up to where a user has read a conversation; it outlasts the membership."""

    conversation_id: UUID = Field(primary_key=True, foreign_key="conversation.id")
    user_id: UUID = Field(primary_key=True)
    #: The `created_at` of the newest message marked as read.
    read_until: datetime = Field(sa_type=UtcDateTime)


class JournalEntry(SQLModel, table=True):
    """An event of a conversation, kept for a while for processes that have missed it."""

    conversation_id: UUID = Field(primary_key=True, foreign_key="conversation.id")
    position: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    notice: str
    recorded_at: datetime = Field(sa_type=UtcDateTime, index=True)


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


#: The tables as Core sees them: the store's statements are built from these, once.
CONVERSATIONS = _table("conversation")
MEMBERSHIPS = _table("membership")
MESSAGES = _table("message")
REACTIONS = _table("reaction")
DELIVERIES = _table("delivery")
READ_MARKS = _table("readmark")
JOURNAL = _table("journalentry")
