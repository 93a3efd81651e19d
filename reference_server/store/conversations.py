"""Conversations, their members, and the clock of their changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from reference_server.models import CONVERSATIONS, MEMBERSHIPS
from reference_server.new_ids import new_id
from reference_server.permissions import Membership, Right, Role, Visibility

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

TICK = timedelta(microseconds=1)

_conversation = CONVERSATIONS.c
_membership = MEMBERSHIPS.c
_is_member = and_(_membership.conversation_id == bindparam("conversation"), _membership.user_id == bindparam("user"))

_MEMBERSHIP = (
    select(_conversation.visibility, _conversation.last_stamp, _membership.role)
    .select_from(CONVERSATIONS)
    .outerjoin(
        MEMBERSHIPS,
        and_(
            _membership.conversation_id == _conversation.id,
            _membership.user_id == bindparam("user"),
        ),
    )
    .where(_conversation.id == bindparam("conversation"))
)
_LOCK = select(_conversation.id).where(_conversation.id == bindparam("conversation")).with_for_update()
_ADVANCE = (
    update(CONVERSATIONS).where(_conversation.id == bindparam("conversation")).values(last_stamp=bindparam("stamp"))
)
_CREATE = insert(CONVERSATIONS)
_ADD_MEMBER = insert(MEMBERSHIPS)
_CHANGE_ROLE = update(MEMBERSHIPS).where(_is_member).values(role=bindparam("new_role"))
_REMOVE_MEMBER = delete(MEMBERSHIPS).where(_is_member)
_OTHER_OWNER = (
    select(_membership.user_id)
    .where(
        _membership.conversation_id == bindparam("conversation"),
        _membership.role == Role.OWNER.value,
        _membership.user_id != bindparam("user"),
    )
    .limit(1)
)
_CONVERSATIONS_OF = (
    select(_conversation.id, _conversation.name, _conversation.visibility, _membership.role)
    .select_from(CONVERSATIONS)
    .join(MEMBERSHIPS, _membership.conversation_id == _conversation.id)
    .where(_membership.user_id == bindparam("user"), _membership.role != Role.BANNED.value)
    .order_by(_conversation.last_stamp.desc(), _conversation.id)
)
_mine_table = MEMBERSHIPS.alias("mine")
_mine = _mine_table.c
_COMPANIONS = (
    select(_membership.user_id)
    .join(_mine_table, _mine.conversation_id == _membership.conversation_id)
    .where(
        _mine.user_id == bindparam("user"),
        _mine.role != Role.BANNED.value,
        _membership.role != Role.BANNED.value,
        _membership.user_id != bindparam("user"),
    )
    .distinct()
)
_ALIVE = select(1)


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


def membership(connection: Connection, conversation_id: UUID, user_id: UUID) -> Membership:
    """Look up the membership of a user in a conversation."""
    return _lookup(connection, conversation_id, user_id, locked=False)[0]


def require(connection: Connection, conversation_id: UUID, user_id: UUID, right: Right) -> None:
    """Refuse unless the user has the right; for transactions that only read."""
    membership(connection, conversation_id, user_id).require(right)


def lock(connection: Connection, conversation_id: UUID, user_id: UUID) -> tuple[Membership, datetime]:
    """Take the conversation for the rest of the transaction; return the user's membership and the next stamp.

    The stamp is later than every stamp before it, by the clock or else by one microsecond. Because it is
    taken under the lock, stamps are committed in their order: who reads up to a stamp has missed nothing.
    """
    found, last_stamp = _lookup(connection, conversation_id, user_id, locked=True)
    return found, max(now(), last_stamp + TICK)


def acquire(connection: Connection, conversation_id: UUID, user_id: UUID, right: Right) -> datetime:
    """Lock the conversation for a user who has the right, and return the stamp of the change to come."""
    found, stamp = lock(connection, conversation_id, user_id)
    found.require(right)
    return stamp


def advance(connection: Connection, conversation_id: UUID, stamp: datetime) -> None:
    """Record that the stamp has been used."""
    connection.execute(_ADVANCE, {"conversation": conversation_id, "stamp": stamp})


def create(connection: Connection, name: str | None, visibility: Visibility, members: Mapping[UUID, Role]) -> UUID:
    """Create a conversation and return its id."""
    conversation_id = new_id("conversation")
    connection.execute(
        _CREATE,
        {"id": conversation_id, "name": name, "visibility": visibility.value, "last_stamp": now()},
    )
    connection.execute(
        _ADD_MEMBER,
        [
            {"conversation_id": conversation_id, "user_id": user_id, "role": role.value}
            for user_id, role in members.items()
        ],
    )
    return conversation_id


def set_role(connection: Connection, conversation_id: UUID, user_id: UUID, role: Role) -> None:
    """Give a user a role, as a new member or instead of the role they have."""
    member = {"conversation": conversation_id, "user": user_id}
    if connection.execute(_CHANGE_ROLE, member | {"new_role": role.value}).rowcount == 0:
        connection.execute(_ADD_MEMBER, {"conversation_id": conversation_id, "user_id": user_id, "role": role.value})


def remove_member(connection: Connection, conversation_id: UUID, user_id: UUID) -> None:
    """Make a user an outsider."""
    connection.execute(_REMOVE_MEMBER, {"conversation": conversation_id, "user": user_id})


def has_another_owner(connection: Connection, conversation_id: UUID, user_id: UUID) -> bool:
    """Say whether somebody besides this user owns the conversation."""
    return connection.scalar(_OTHER_OWNER, {"conversation": conversation_id, "user": user_id}) is not None


def conversations_of(connection: Connection, user_id: UUID) -> list[Summary]:
    """List the conversations that a user may know of by membership."""
    return [Summary(*row) for row in connection.execute(_CONVERSATIONS_OF, {"user": user_id})]


def companions(connection: Connection, user_id: UUID) -> list[UUID]:
    """List the users who share a conversation with this one."""  # CONN-12
    return list(connection.scalars(_COMPANIONS, {"user": user_id}))


def is_alive(connection: Connection) -> bool:
    """Ask the database for a constant, to see whether it answers."""
    return connection.scalar(_ALIVE) == 1


def _lookup(
    connection: Connection, conversation_id: UUID, user_id: UUID, *, locked: bool
) -> tuple[Membership, datetime]:
    if locked and connection.dialect.name == "postgresql":
        # A statement of its own: one that waits for the lock goes on with the roles of before it waited.  PERM-2
        connection.execute(_LOCK, {"conversation": conversation_id})
    row = connection.execute(_MEMBERSHIP, {"conversation": conversation_id, "user": user_id}).one_or_none()
    if row is None:
        return Membership(None, None), datetime.min.replace(tzinfo=UTC)
    visibility, last_stamp, role = row
    return _membership_of(visibility, role), last_stamp


@cache
def _membership_of(visibility: str, role: str | None) -> Membership:
    """Make a membership of the columns; there are few, and to look up an enum takes as long as the rest of a check."""
    return Membership(Visibility(visibility), None if role is None else Role(role))
