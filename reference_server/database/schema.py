"""The version of the tables: creates new tables from the models, and upgrades old ones."""

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
#: The version of tables that have no version written down.
UNVERSIONED = "0001"
#: The advisory lock for an upgrade.
UPGRADE = 0x63686174_02


def prepare(connection: Connection) -> None:
    """Create or upgrade the tables; if two processes do it at the same time, one waits and then has nothing to do."""
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
    """Refuse tables of another program: they have our table names, but not our columns. They are not changed."""
    found = inspect(connection)
    for name in set(found.get_table_names()) & set(SQLModel.metadata.tables):
        columns = {each["name"] for each in found.get_columns(name)}
        missing = {column.name for column in SQLModel.metadata.tables[name].columns} - columns
        if missing:
            raise ConfigError(
                f"The database belongs to another program: the table {name!r} has no column {min(missing)!r}."
            )


def version(connection: Connection) -> str | None:
    """Read the version of the tables; None if there are no tables. Raises ConfigError for those of another program."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        if "conversation" not in tables:  # it may count its versions as we do
            raise ConfigError("The database belongs to another program: it has versions, and no table 'conversation'.")
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    if "conversation" not in tables:
        return None
    stamp(connection, UNVERSIONED)
    return UNVERSIONED


def stamp(connection: Connection, revision: str) -> None:
    """Write the version of the tables to the table of Alembic."""
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
