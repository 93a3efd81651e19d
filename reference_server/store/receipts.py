"""Receipts: what each member has read, and what has been delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from reference_server.models import DELIVERIES, READ_MARKS

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_is_mark = and_(
    READ_MARKS.c.conversation_id == bindparam("conversation"),
    READ_MARKS.c.user_id == bindparam("user"),
)
_MARK = select(READ_MARKS.c.read_until).where(_is_mark)
_SET_MARK = insert(READ_MARKS)
_MOVE_MARK = update(READ_MARKS).where(_is_mark).values(read_until=bindparam("mark"))
_IS_DELIVERED = (
    select(1)
    .select_from(DELIVERIES)
    .where(DELIVERIES.c.message_id == bindparam("message"), DELIVERIES.c.user_id == bindparam("user"))
)
_DELIVER = insert(DELIVERIES)


def read_up_to(connection: Connection, conversation_id: UUID, user_id: UUID, created_at: datetime) -> bool:
    """Move a user's read mark forward to a message; say whether that is new."""  # READ-2
    where = {"conversation": conversation_id, "user": user_id}
    mark = connection.scalar(_MARK, where)
    if mark is not None and mark >= created_at:
        return False
    if mark is None:
        values = {"conversation_id": conversation_id, "user_id": user_id, "read_until": created_at}
        connection.execute(_SET_MARK, values)
    else:
        connection.execute(_MOVE_MARK, where | {"mark": created_at})
    return True


def deliver(connection: Connection, message_id: UUID, user_id: UUID) -> bool:
    """Record that a recipient has a message; say whether that is new."""  # DLVR-1
    if connection.scalar(_IS_DELIVERED, {"message": message_id, "user": user_id}) is not None:
        return False
    connection.execute(_DELIVER, {"message_id": message_id, "user_id": user_id})
    return True
