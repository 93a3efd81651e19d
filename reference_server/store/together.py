"""Many changes in one transaction: what they all ask is asked once, and what they all write is written at once.

To the functions of the store it is a connection. It knows the conversations and the memberships that the changes are
about, and keeps the new messages and the new stamps back until somebody asks for something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reference_server.models import CONVERSATIONS, MESSAGES
from reference_server.store import conversations, many, messages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Executable


class _Known:
    """The result of a query that was not made."""

    def __init__(self, row: tuple[Any, ...] | None) -> None:
        self._row = row

    def one_or_none(self) -> tuple[Any, ...] | None:
        return self._row


class Together:
    """A connection for many changes, one after the other.

    Example:
        together = Together(connection)
        together.expect({(conversation_id, user_id)})
        messages.add(together.connection, …)
        together.flush()
    """

    def __init__(self, connection: Connection) -> None:
        self.dialect = connection.dialect
        #: How many events each conversation has had.
        self.positions: dict[UUID, int] = {}
        #: Counts what has been written.
        self.writes = 0
        self._connection = connection
        self._conversations: dict[UUID, tuple[str, datetime]] = {}
        self._roles: dict[tuple[UUID, UUID], str | None] = {}
        self._messages: list[Mapping[str, Any]] = []
        self._stamps: dict[UUID, datetime] = {}

    @property
    def connection(self) -> Connection:
        """What to give to the functions of the store."""
        return cast("Connection", self)

    def expect(self, pairs: Collection[tuple[UUID, UUID | None]]) -> None:
        """Lock the conversations, and read them and the memberships, each of a conversation and a user."""
        known = many.lock(self._connection, list(pairs))
        self._roles = known.roles
        for key, (visibility, stamp, position) in known.conversations.items():
            self._conversations[key] = visibility, stamp
            self.positions[key] = position

    def execute(self, statement: Executable, values: Any = None) -> Any:
        """Answer what is known, keep back what can wait, and hand on everything else."""
        if statement is messages._ADD:
            self._messages.append(values)
        elif statement is conversations._ADVANCE:
            self._stamps[values["conversation"]] = values["stamp"]
        elif statement is conversations._LOCK and values["conversation"] in self.positions:
            return _Known(None)
        elif statement is conversations._MEMBERSHIP and (values["conversation"], values["user"]) in self._roles:
            return _Known(self._membership(values["conversation"], values["user"]))
        else:
            return self._ask(statement, values).execute(statement, values)
        self.writes += 1
        return _Known(None)

    def scalar(self, statement: Executable, values: Any = None) -> Any:
        """Hand on a query for one value."""
        return self._ask(statement, values).scalar(statement, values)

    def scalars(self, statement: Executable, values: Any = None) -> Any:
        """Hand on a query for one value a row."""
        return self._ask(statement, values).scalars(statement, values)

    def __getattr__(self, name: str) -> Any:
        """Hand on everything else that a connection can do; afterwards, nothing is known."""
        self.flush()
        self._forget()
        return getattr(self._connection, name)

    def flush(self) -> None:
        """Write what was kept back."""
        rows, self._messages = self._messages, []
        stamps, self._stamps = self._stamps, {}
        if not rows and not stamps:
            return
        many.write(self._connection, MESSAGES, rows, CONVERSATIONS.c.last_stamp, stamps)
        for key, stamp in stamps.items():
            if key in self._conversations:
                self._conversations[key] = self._conversations[key][0], stamp

    def _ask(self, statement: Executable, _values: Any) -> Connection:
        self.flush()
        if not getattr(statement, "is_select", False):
            self._forget()
        return self._connection

    def _forget(self) -> None:
        """Roles and stamps may change now."""
        self.writes += 1
        self._roles.clear()

    def _membership(self, conversation_id: UUID, user_id: UUID) -> tuple[Any, ...] | None:
        found = self._conversations.get(conversation_id)
        if found is None:
            return None
        visibility, stamp = found
        return visibility, self._stamps.get(conversation_id, stamp), self._roles[conversation_id, user_id]
