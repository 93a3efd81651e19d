"""Ids that are numbers in frames: 7 is 00000000-0000-0000-0000-000000000007, and known users have numbers from 1."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import SQLModel, select

from reference_server import new_ids
from reference_server.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from reference_server.new_ids import Kind

LARGEST = 2**64 - 1
#: Replaces an id that is not of this dialect; it is not a UUID, so the server refuses it.
WRONG = "not a number: "
#: The tables whose ids this server creates.
_GIVEN: dict[Kind, str] = {"conversation": "conversation", "message": "message"}


class Numbers:
    """Translates the ids of some kinds; `users` are known by UUIDs that are too large to be numbers."""

    def __init__(self, kinds: Iterable[str], users: Iterable[UUID] = ()) -> None:
        self.kinds = frozenset(kinds)
        known = [*users] if "user" in self.kinds else []
        taken = {user.int for user in known}
        free = (number for number in count(1) if number not in taken)
        self._numbers = {str(user): next(free) for user in known if user.int > LARGEST}
        self._users = {number: user for user, number in self._numbers.items()}

    def to_uuid(self, kind: str, value: Any) -> Any:
        """Give the UUID of a number; any other value becomes a text that is not a UUID."""
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
            return f"{WRONG}{value!r:.80}"
        known = self._users.get(value) if kind == "user" else None
        return known or str(UUID(int=value))

    def to_number(self, kind: str, value: Any) -> Any:
        """Give the number of a UUID."""
        if not isinstance(value, str):
            return value
        known = self._numbers.get(value) if kind == "user" else None
        return UUID(value).int & LARGEST if known is None else known

    def begin(self, connection: Connection) -> None:
        """Give numbers to new conversations and messages; raises ConfigError for a database with other ids."""
        for kind, table in _GIVEN.items():
            if kind in self.kinds:
                column = SQLModel.metadata.tables[table].c.id
                largest = connection.scalar(select(column).order_by(column.desc()).limit(1))
                if largest is not None and largest.int > LARGEST:
                    raise ConfigError(
                        f"The ids of this dialect are numbers, and the database has a {kind} with another id:"
                        " add --reset, which removes everything in it, or name another --database."
                    )
                new_ids.count_from(kind, 1 if largest is None else largest.int + 1)
