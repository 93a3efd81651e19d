"""Reactions: which user put which emoji on which message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from reference_server.models import REACTIONS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

#: The reactions of one message: each emoji with its users, both in the order of their first appearance.
Reactions = dict[str, "list[UUID]"]

_reaction = REACTIONS.c
_of_message = _reaction.message_id == bindparam("message")
_by_user = _reaction.user_id == bindparam("user")
_with_emoji = _reaction.emoji == bindparam("with_emoji")

_EXISTS = select(1).select_from(REACTIONS).where(_of_message, _by_user, _with_emoji)
_COUNT = select(func.count()).select_from(REACTIONS).where(_of_message, _by_user)
_ADD = insert(REACTIONS)
_REMOVE = delete(REACTIONS).where(_of_message, _by_user, _with_emoji)
_OF_MESSAGES = (
    select(_reaction.message_id, _reaction.emoji, _reaction.user_id)
    .where(_reaction.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(_reaction.created_at)
)


def exists(connection: Connection, message_id: UUID, user_id: UUID, emoji: str) -> bool:
    """Say whether the user has reacted so already."""
    reaction = {"message": message_id, "user": user_id, "with_emoji": emoji}
    return connection.scalar(_EXISTS, reaction) is not None


def count(connection: Connection, message_id: UUID, user_id: UUID) -> int:
    """Count a user's reactions to a message."""
    return connection.scalar(_COUNT, {"message": message_id, "user": user_id}) or 0


def add(connection: Connection, message_id: UUID, user_id: UUID, emoji: str, stamp: datetime) -> None:
    """Store a reaction that does not exist yet."""
    connection.execute(_ADD, {"message_id": message_id, "user_id": user_id, "emoji": emoji, "created_at": stamp})


def remove(connection: Connection, message_id: UUID, user_id: UUID, emoji: str) -> bool:
    """Remove a reaction, and say whether it was there."""
    reaction = {"message": message_id, "user": user_id, "with_emoji": emoji}
    return connection.execute(_REMOVE, reaction).rowcount > 0


def of_messages(connection: Connection, message_ids: Collection[UUID]) -> dict[UUID, Reactions]:
    """Return the reactions of each message that has some."""
    found: dict[UUID, Reactions] = {}
    if message_ids:
        for message_id, emoji, user_id in connection.execute(_OF_MESSAGES, {"messages": list(message_ids)}):
            found.setdefault(message_id, {}).setdefault(emoji, []).append(user_id)
    return found
