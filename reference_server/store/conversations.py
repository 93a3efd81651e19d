"""Conversations, their members, and the clock of their changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update
from sqlmodel import col

from reference_server.models import Conversation, Membership
from reference_server.permissions import Right, Role, Standing, Visibility

if TYPE_CHECKING:
    from collections.abc import Mapping

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as one of its members sees it in a list."""

    conversation_id: UUID
    name: str | None
    visibility: str
    role: str


def now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def standing(connection: Connection, conversation_id: UUID, user_id: UUID) -> Standing:
    """Look up where a user stands towards a conversation."""
    return _lookup(connection, conversation_id, user_id, lock=False)[0]


def require(connection: Connection, conversation_id: UUID, user_id: UUID, right: Right) -> None:
    """Refuse unless the user has the right; for transactions that only read."""
    standing(connection, conversation_id, user_id).require(right)


def lock(connection: Connection, conversation_id: UUID, user_id: UUID) -> tuple[Standing, datetime]:
    """Take the conversation for the rest of the transaction; return the user's standing and the next stamp.

    The stamp is later than every stamp before it, by the clock or else by one microsecond. Because it is
    taken under the lock, stamps are committed in their order: who reads up to a stamp has missed nothing.
    """
    found, last_stamp = _lookup(connection, conversation_id, user_id, lock=True)
    return found, max(now(), last_stamp + TICK)


def acquire(connection: Connection, conversation_id: UUID, user_id: UUID, right: Right) -> datetime:
    """Lock the conversation for a user who has the right, and return the stamp of the change to come."""
    found, stamp = lock(connection, conversation_id, user_id)
    found.require(right)
    return stamp


def advance(connection: Connection, conversation_id: UUID, stamp: datetime) -> None:
    """Write down that the stamp has been used."""
    connection.execute(update(Conversation).where(col(Conversation.id) == conversation_id).values(last_stamp=stamp))


def create(connection: Connection, name: str | None, visibility: Visibility, members: Mapping[UUID, Role]) -> UUID:
    """Create a conversation and return its id."""
    conversation_id = uuid4()
    connection.execute(
        insert(Conversation).values(id=conversation_id, name=name, visibility=str(visibility), last_stamp=now())
    )
    connection.execute(
        insert(Membership),
        [
            {"conversation_id": conversation_id, "user_id": user_id, "role": str(role)}
            for user_id, role in members.items()
        ],
    )
    return conversation_id


def set_role(connection: Connection, conversation_id: UUID, user_id: UUID, role: Role) -> None:
    """Give a user a role, as a new member or instead of the role they have."""
    changed = connection.execute(update(Membership).where(_is_member(conversation_id, user_id)).values(role=str(role)))
    if changed.rowcount == 0:
        connection.execute(insert(Membership).values(conversation_id=conversation_id, user_id=user_id, role=str(role)))


def remove_member(connection: Connection, conversation_id: UUID, user_id: UUID) -> None:
    """Make a user an outsider."""
    connection.execute(delete(Membership).where(_is_member(conversation_id, user_id)))


def conversations_of(connection: Connection, user_id: UUID) -> list[Summary]:
    """List the conversations that a user may know of by membership."""
    rows = connection.execute(
        select(col(Conversation.id), col(Conversation.name), col(Conversation.visibility), col(Membership.role))
        .join(Membership, col(Membership.conversation_id) == col(Conversation.id))
        .where(col(Membership.user_id) == user_id, col(Membership.role) != Role.BANNED)
        .order_by(col(Conversation.last_stamp).desc(), col(Conversation.id))
    )
    return [Summary(*row) for row in rows]


def companions(connection: Connection, user_id: UUID) -> list[UUID]:
    """List the users who share a conversation with this one."""  # CONN-12
    mine = (
        select(col(Membership.conversation_id))
        .where(col(Membership.user_id) == user_id, col(Membership.role) != Role.BANNED)
        .scalar_subquery()
    )
    theirs = (
        select(col(Membership.user_id))
        .where(
            col(Membership.conversation_id).in_(mine),
            col(Membership.role) != Role.BANNED,
            col(Membership.user_id) != user_id,
        )
        .distinct()
    )
    return list(connection.scalars(theirs))


def is_alive(connection: Connection) -> bool:
    """Ask the database for anything."""
    return connection.scalar(select(1)) == 1


def _lookup(connection: Connection, conversation_id: UUID, user_id: UUID, *, lock: bool) -> tuple[Standing, datetime]:
    query = (
        select(col(Conversation.visibility), col(Conversation.last_stamp), col(Membership.role))
        .outerjoin(
            Membership,
            and_(col(Membership.conversation_id) == col(Conversation.id), col(Membership.user_id) == user_id),
        )
        .where(col(Conversation.id) == conversation_id)
    )
    if lock:
        query = query.with_for_update(of=Conversation)
    row = connection.execute(query).one_or_none()
    if row is None:
        return Standing(None, None), datetime.min.replace(tzinfo=UTC)
    visibility, last_stamp, role = row
    return Standing(Visibility(visibility), None if role is None else Role(role)), last_stamp


def _is_member(conversation_id: UUID, user_id: UUID) -> ColumnElement[bool]:
    return and_(col(Membership.conversation_id) == conversation_id, col(Membership.user_id) == user_id)
