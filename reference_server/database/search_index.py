"""An index of all runs of three characters, by which a part of a text is found without reading every text.

It is an addition: where an engine lacks it, search reads the conversation. It never changes what is found, because the
texts that it leads to are compared with the query again.
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

#: On SQLite, a table of its own, which follows the messages by triggers. It knows them by their rowid, which a VACUUM
#: keeps for tables that have an index.
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
    # What is new waits in a list that every search reads; kept short, that costs little.
    "CREATE INDEX ix_message_search ON message USING gin (folded gin_trgm_ops) WITH (gin_pending_list_limit = 256)",
)
#: The first SQLite that knows trigrams.
SQLITE = (3, 34)


def create(connection: Connection) -> None:
    """Create the index of the messages that are there, and of those to come, if the engine can."""
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
