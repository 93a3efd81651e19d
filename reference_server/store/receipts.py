"""What has been read, and what has been delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update
from sqlmodel import col

from reference_server.models import Delivery, Membership

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def read_up_to(connection: Connection, conversation_id: UUID, user_id: UUID, created_at: datetime) -> bool:
    """Move a member's read mark forward to a message; say whether that is news."""  # READ-2
    mine: ColumnElement[bool] = and_(
        col(Membership.conversation_id) == conversation_id, col(Membership.user_id) == user_id
    )
    mark = connection.scalar(select(col(Membership.read_until)).where(mine))
    if mark is not None and mark >= created_at:
        return False
    connection.execute(update(Membership).where(mine).values(read_until=created_at))
    return True


def deliver(connection: Connection, message_id: UUID, user_id: UUID) -> bool:
    """Write down that a recipient has a message; say whether that is news."""  # DLVR-1
    known = connection.scalar(
        select(col(Delivery.user_id)).where(col(Delivery.message_id) == message_id, col(Delivery.user_id) == user_id)
    )
    if known is not None:
        return False
    connection.execute(insert(Delivery).values(message_id=message_id, user_id=user_id))
    return True
