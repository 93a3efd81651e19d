"""Runs transactions.

The store is written once, as plain functions that take a SQLAlchemy connection. A database runs such a function as one
transaction, and does not block the event loop: SQLite runs in threads, with one thread for all writers, and PostgreSQL
through its async driver.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from reference_server.config import ConfigError
from reference_server.database.postgresql import PostgresDatabase
from reference_server.database.protocol import Database, Transaction
from reference_server.database.sqlite import SqliteDatabase

__all__ = ["Database", "PostgresDatabase", "SqliteDatabase", "Transaction", "open_database"]


def open_database(url: str) -> Database:
    """Choose the database by its URL: `sqlite:///path` or `postgresql://…`.

    `sqlite:///path?synchronous=normal` does not wait for the disk: for a file that nobody needs after a power failure.
    """
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError):  # ValueError: the port is not a number
        raise ConfigError(
            "The database URL is malformed; try sqlite:///chat.db or postgresql://user:password@host/name. "
            "In a password, write %40 for @, and so on for / : ? # and %."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigError("SQLite needs a file: sqlite:///chat.db")
        if "\0" in parsed.database:
            raise ConfigError("SQLite: the name of a file has no NUL (%00).")
        synchronous = parsed.query.get("synchronous", "full")
        if synchronous not in ("full", "normal"):
            raise ConfigError("SQLite: synchronous must be full (the default) or normal.")
        if other := sorted(set(parsed.query) - {"synchronous"}):
            raise ConfigError(f"SQLite: there is no option {other[0]!r}, only synchronous.")
        return SqliteDatabase(Path(parsed.database), synchronous)
    if backend in {"postgresql", "postgres"}:
        return PostgresDatabase(parsed)
    raise ConfigError(f"No support for {backend!r}: use sqlite:///path or postgresql://…")
