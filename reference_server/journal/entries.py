"""The rows of the journal: the latest events of each conversation, by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Interval, bindparam, delete, func, select

from reference_server.models import CONVERSATIONS, JOURNAL
from reference_server.store import conversations, many

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy import BindParameter, Connection

_limit: BindParameter[int] = bindparam("limit")
_of_conversation = CONVERSATIONS.c.id == bindparam("conversation")
_POSITION = select(CONVERSATIONS.c.position).where(_of_conversation)
_POSITIONS = select(CONVERSATIONS.c.id, CONVERSATIONS.c.position).where(
    CONVERSATIONS.c.id.in_(bindparam("conversations", expanding=True))
)
_SINCE = (
    select(JOURNAL.c.position, JOURNAL.c.notice)
    .where(JOURNAL.c.conversation_id == bindparam("conversation"), JOURNAL.c.position > bindparam("after"))
    .order_by(JOURNAL.c.position)
    .limit(_limit)
)
#: By the clock of the database: a process whose clock is wrong must not empty the journal of all.
_PRUNE = delete(JOURNAL).where(JOURNAL.c.recorded_at <= func.now() - bindparam("age", type_=Interval()))


def append(connection: Connection, rows: Sequence[tuple[UUID, int, bytes]]) -> None:
    """Write notices, each with its conversation and its next position; the conversations must be locked."""
    last = {conversation_id: position for conversation_id, position, _ in rows}
    now = conversations.now()
    written = [
        {"conversation_id": key, "position": position, "notice": notice.decode(), "recorded_at": now}
        for key, position, notice in rows
    ]
    many.write(connection, JOURNAL, written, CONVERSATIONS.c.position, last)


def position(connection: Connection, conversation_id: UUID) -> int:
    """Return the position of the last event of a conversation; 0 if it has no event or does not exist."""
    return connection.scalar(_POSITION, {"conversation": conversation_id}) or 0


def positions(connection: Connection, conversation_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the position of the last event of each conversation that exists."""
    rows = connection.execute(_POSITIONS, {"conversations": list(conversation_ids)})
    return {row.id: row.position for row in rows}


def since(connection: Connection, conversation_id: UUID, after: int, limit: int) -> list[tuple[int, str]]:
    """Return the next events after a position, the oldest first."""
    where = {"conversation": conversation_id, "after": after, "limit": limit}
    return [(row.position, row.notice) for row in connection.execute(_SINCE, where)]


def prune(connection: Connection, age: timedelta) -> None:
    """Delete the events that are older than `age`."""
    connection.execute(_PRUNE, {"age": age})
