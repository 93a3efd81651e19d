"""Single statements that read or write many rows.

SQLAlchemy needs more time for this than the engines do, because it converts the parameters of each row separately. In
addition, SQLite writes its search index to the file at the end of every statement, which takes several times as long as
finding the words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from reference_server.models import CONVERSATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Column, Connection, Dialect, Table

    Convert = Callable[[Any], Any] | None
    Pair = tuple[UUID, UUID | None]

#: The most parameters in one statement of SQLite before 3.32.
PARAMETERS = 999

_CROSS = """
SELECT asked.key, conversation.visibility, conversation.last_stamp, conversation.position, membership.role
FROM json_each(?) AS asked
CROSS JOIN conversation ON conversation.id = json_extract(asked.value, '$[0]')
LEFT JOIN membership
    ON membership.conversation_id = conversation.id AND membership.user_id = json_extract(asked.value, '$[1]')
"""
#: All processes lock in the same order, so that there is no deadlock.
_LOCK = """
SELECT id, visibility, last_stamp, position FROM conversation WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
#: LIMIT keeps PostgreSQL from a join that reads the whole table.
_ROLES = """
SELECT asked.number, found.role
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked(conversation_id, user_id, number)
CROSS JOIN LATERAL (
    SELECT role FROM membership
    WHERE membership.conversation_id = asked.conversation_id AND membership.user_id = asked.user_id LIMIT 1
) AS found
"""


@dataclass(slots=True)
class Known:
    """The data of some conversations, and the roles of some users in them."""

    #: Visibility, last stamp and position of each conversation that exists.
    conversations: dict[UUID, tuple[str, datetime, int]]
    #: The role of each requested user; None if the user is not a member.
    roles: dict[tuple[UUID, UUID], str | None]


def lock(connection: Connection, asked: Sequence[Pair]) -> Known:
    """Lock the conversations for the rest of the transaction, and read them and the roles of users in them."""
    known = Known({}, {(pair[0], pair[1]): None for pair in asked if pair[1] is not None})
    _, read_stamp = _converts(CONVERSATIONS.c.last_stamp, connection.dialect)
    if connection.dialect.name == "postgresql":
        keys = list({conversation_id for conversation_id, _ in asked})
        for key, visibility, stamp, position in connection.exec_driver_sql(_LOCK, (keys,)).fetchall():
            known.conversations[key] = visibility, _read(read_stamp, stamp), position
        # A separate statement: one that waits for the lock would read the roles from before the wait.  PERM-2
        pairs = list(known.roles)
        if pairs:
            for number, role in connection.exec_driver_sql(_ROLES, tuple(map(list, zip(*pairs, strict=True)))):
                known.roles[pairs[number - 1]] = role
        return known
    text = json.dumps([(conversation_id.hex, user_id and user_id.hex) for conversation_id, user_id in asked])
    for number, visibility, stamp, position, role in connection.exec_driver_sql(_CROSS, (text,)).fetchall():
        conversation_id, user_id = asked[number]
        known.conversations[conversation_id] = visibility, _read(read_stamp, stamp), position
        if user_id is not None:
            known.roles[conversation_id, user_id] = role
    return known


def write(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    column: Column[Any],
    ends: Mapping[UUID, Any],
) -> None:
    """Insert rows, each with a value for every column, and set a column of their conversations."""
    dialect = connection.dialect
    used, given = [], []
    for each in table.columns:
        values = [row[each.name] for row in rows]
        if values.count(None) < len(values):  # a column that is left out is null
            used.append(each)
            given.append(_written(values, each, dialect))
    keys = _written(list(ends), CONVERSATIONS.c.id, dialect)
    set_to = _written(list(ends.values()), column, dialect)
    if dialect.name == "postgresql":
        statement = _both(dialect, table, tuple(used), column)
        connection.exec_driver_sql(statement, (*given, keys, set_to))
        return
    flat = list(zip(*given, strict=True))
    start = 0
    while start < len(flat):
        count = _power_of_two(min(len(flat) - start, PARAMETERS // len(used)))  # few lengths: few statements to prepare
        some = flat[start : start + count]
        statement = _insert(table, tuple(used), count)
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
        start += count
    if keys:
        statement = f"UPDATE conversation SET {column.name} = ? WHERE id = ?"  # noqa: S608 -- a name of ours
        connection.exec_driver_sql(statement, list(zip(set_to, keys, strict=True)))


@lru_cache(64)
def _insert(table: Table, columns: Sequence[Column[Any]], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table.name} ({_names(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608 -- names of ours


@lru_cache(64)
def _both(dialect: Dialect, table: Table, columns: Sequence[Column[Any]], column: Column[Any]) -> str:
    """Insert and set in one statement, which takes half the time of two; the parameters are arrays."""
    types = [each.type.compile(dialect) for each in (*columns, CONVERSATIONS.c.id, column)]
    arrays = [f"${number}::{each}[]" for number, each in enumerate(types, 1)]
    rows = f"INSERT INTO {table.name} ({_names(columns)}) SELECT * FROM unnest({', '.join(arrays[:-2])})"  # noqa: S608
    ends = f"unnest({', '.join(arrays[-2:])}) AS ends(id, value)"
    update = f"UPDATE conversation SET {column.name} = ends.value FROM {ends} WHERE conversation.id = ends.id"  # noqa: S608
    return f"WITH inserted AS ({rows}) {update}" if columns else update


def _names(columns: Sequence[Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)


@lru_cache(64)
def _converts(column: Column[Any], dialect: Dialect) -> tuple[Convert, Convert]:
    """Give the functions with which SQLAlchemy converts the values of a column for the driver, and back."""
    type_ = column.type.dialect_impl(dialect)
    return type_.bind_processor(dialect), type_.result_processor(dialect, None)


def _written(values: list[Any], column: Column[Any], dialect: Dialect) -> list[Any]:
    convert, _ = _converts(column, dialect)
    return values if convert is None else [convert(value) for value in values]


def _read(convert: Convert, value: Any) -> Any:
    return value if convert is None else convert(value)


def _power_of_two(number: int) -> int:
    """Round a number down to a power of two."""
    return 1 << (number.bit_length() - 1)
