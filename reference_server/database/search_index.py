"""A trigram index: finds the messages that contain a text without reading all messages.

The index is optional: without it, search reads the whole conversation. It does not change the results, because the
texts that it finds are compared with the query again.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger(__name__)

#: On SQLite, the index is a separate table, which triggers keep up to date. It refers to messages by rowid, which a
#: VACUUM does not change for tables that have an index.
_SQLITE = (
    """
    CREATE VIRTUAL TABLE message_search USING fts5(
        folded, content='message', content_rowid='rowid', tokenize='trigram case_sensitive 1'
    )
    """,
    """
    CREATE TRIGGER message_search_add AFTER INSERT ON message BEGIN
        INSERT INTO message_search(rowid, folded) VALUES (new.rowid, new.folded);
    END
    """,
    """
    CREATE TRIGGER message_search_change AFTER UPDATE OF folded ON message BEGIN
        INSERT INTO message_search(message_search, rowid, folded) VALUES ('delete', old.rowid, old.folded);
        INSERT INTO message_search(rowid, folded) VALUES (new.rowid, new.folded);
    END
    """,
    """
    CREATE TRIGGER message_search_remove AFTER DELETE ON message BEGIN
        INSERT INTO message_search(message_search, rowid, folded) VALUES ('delete', old.rowid, old.folded);
    END
    """,
    "INSERT INTO message_search(message_search) VALUES ('rebuild')",
)
_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    # New entries wait in a list that every search reads, so the list is kept short.
    "CREATE INDEX ix_message_search ON message USING gin (folded gin_trgm_ops) WITH (gin_pending_list_limit = 256)",
)
#: The first version of SQLite with trigrams.
SQLITE = (3, 34)


def create(connection: Connection) -> None:
    """Create the index for all messages, also future ones, if the engine supports it."""
    statements = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    if connection.dialect.name == "sqlite" and sqlite3.sqlite_version_info < SQLITE:
        logger.warning("Search has no index: SQLite is older than 3.34.")
        return
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.execute(text(statement))
    except DBAPIError as error:
        logger.warning("Search has no index: %s", type(error.orig).__name__)
