"""Rows that nobody sees, written to learn whether the database can be written to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert

from reference_server.models import CONVERSATIONS
from reference_server.permissions import Visibility

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

#: As much as the largest message: where a disk is nearly full, a small row still fits.
SIZE = 16 * 1024
_ADD = insert(CONVERSATIONS)
_REMOVE = delete(CONVERSATIONS).where(CONVERSATIONS.c.id == bindparam("probe"))


def add(connection: Connection, probe: UUID) -> None:
    """Write a conversation of nobody."""
    row = {"id": probe, "name": "x" * SIZE, "visibility": Visibility.PRIVATE.value, "last_stamp": datetime.now(UTC)}
    connection.execute(_ADD, row)


def remove(connection: Connection, probe: UUID) -> None:
    """Remove it."""
    connection.execute(_REMOVE, {"probe": probe})
