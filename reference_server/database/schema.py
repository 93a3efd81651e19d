"""The version of the tables: new ones are created as the models say, old ones are upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlmodel import SQLModel

import reference_server.models  # noqa: F401 - registers the tables
from reference_server.config import ConfigError
from reference_server.database import search_index

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: The newest revision under `migrations/`. Alembic takes a second to load, so it is loaded for an upgrade only.
HEAD = "0003"
#: What the tables are that no version is written beside.
UNVERSIONED = "0001"
#: The advisory lock of who brings the tables to a version.
UPGRADE = 0x63686174_02


def prepare(connection: Connection) -> None:
    """Create or upgrade the tables; of two processes at once, one waits and then finds everything done."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE})"))
    found = version(connection)
    if found is None:
        refuse_foreign_tables(connection)
        SQLModel.metadata.create_all(connection)
        search_index.create(connection)
        stamp(connection, HEAD)
    elif found != HEAD:
        from reference_server.database.upgrading import upgrade  # noqa: PLC0415 -- see HEAD

        upgrade(connection)
    refuse_foreign_tables(connection)


def refuse_foreign_tables(connection: Connection) -> None:
    """Refuse tables that have the names of ours and lack our columns; nothing is changed in them."""
    found = inspect(connection)
    for name in set(found.get_table_names()) & set(SQLModel.metadata.tables):
        columns = {each["name"] for each in found.get_columns(name)}
        missing = {column.name for column in SQLModel.metadata.tables[name].columns} - columns
        if missing:
            raise ConfigError(
                f"The database belongs to another program: the table {name!r} has no column {min(missing)!r}."
            )


def version(connection: Connection) -> str | None:
    """Read the version of the tables; None: there are none."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    if "conversation" not in tables:
        return None
    stamp(connection, UNVERSIONED)
    return UNVERSIONED


def stamp(connection: Connection, revision: str) -> None:
    """Write the version of the tables where Alembic looks for it."""
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
