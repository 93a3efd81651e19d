"""Who reacted to what, with which emoji."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select
from sqlalchemy import delete as sql_delete
from sqlmodel import col

from reference_server.models import Reaction

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

#: The reactions of one message: each emoji with its users, both in the order of their first appearance.
Reactions = dict[str, list[UUID]]


def exists(connection: Connection, message_id: UUID, user_id: UUID, emoji: str) -> bool:
    """Say whether the user has reacted so already."""
    query = select(col(Reaction.emoji)).where(_is(message_id, user_id, emoji))
    return connection.scalar(query) is not None


def count(connection: Connection, message_id: UUID, user_id: UUID) -> int:
    """Count a user's reactions to a message."""
    query = (
        select(func.count())
        .select_from(Reaction)
        .where(col(Reaction.message_id) == message_id, col(Reaction.user_id) == user_id)
    )
    return connection.scalar(query) or 0


def add(connection: Connection, message_id: UUID, user_id: UUID, emoji: str, stamp: datetime) -> None:
    """Store a reaction that does not exist yet."""
    connection.execute(insert(Reaction).values(message_id=message_id, user_id=user_id, emoji=emoji, created_at=stamp))


def remove(connection: Connection, message_id: UUID, user_id: UUID, emoji: str) -> bool:
    """Remove a reaction, and say whether it was there."""
    return connection.execute(sql_delete(Reaction).where(_is(message_id, user_id, emoji))).rowcount > 0


def of_messages(connection: Connection, message_ids: Collection[UUID]) -> dict[UUID, Reactions]:
    """Return the reactions of each message that has some."""
    if not message_ids:
        return {}
    query = (
        select(col(Reaction.message_id), col(Reaction.emoji), col(Reaction.user_id))
        .where(col(Reaction.message_id).in_(message_ids))
        .order_by(col(Reaction.created_at))
    )
    found: dict[UUID, Reactions] = {}
    for message_id, emoji, user_id in connection.execute(query):
        found.setdefault(message_id, {}).setdefault(emoji, []).append(user_id)
    return found


def _is(message_id: UUID, user_id: UUID, emoji: str) -> ColumnElement[bool]:
    return and_(
        col(Reaction.message_id) == message_id,
        col(Reaction.user_id) == user_id,
        col(Reaction.emoji) == emoji,
    )
