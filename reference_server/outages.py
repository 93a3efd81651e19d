"""Says why a database or a bus cannot be used just now, in the words of those who run it.

Such a failure is nobody's mistake in a request: the request is answered with `unavailable`, the health page gives the
cause, and the log has a line instead of a traceback.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: What means that a service cannot be used, rather than a mistake of ours.
FAILURES = (DBAPIError, PoolTimeoutError, OSError)
#: What the machine has no more of, whatever the options say.
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
#: A request that failed so short a time ago counts as much as a probe: a small write may succeed on a full disk.
MEMORY_S = 5.0
#: A probe writes, and everybody may ask for health: one probe serves all who ask within this time.
PROBE_S = 1.0
PATIENCE_S = 2.0

logger = logging.getLogger(__name__)


class Cause(StrEnum):
    """Why the database cannot be used."""

    FULL = "disk full"
    READ_ONLY = "read-only"
    LOCKED = "locked"
    FOREIGN = "foreign schema"
    DAMAGED = "damaged"
    GONE = "its file was removed or replaced"
    UNREACHABLE = "unreachable"


class FileGoneError(OSError):
    """The file of the database has no name any more: nobody would find what is written to it."""


_SQLITE = {
    sqlite3.SQLITE_FULL: Cause.FULL,
    sqlite3.SQLITE_READONLY: Cause.READ_ONLY,
    sqlite3.SQLITE_BUSY: Cause.LOCKED,
    sqlite3.SQLITE_LOCKED: Cause.LOCKED,
    sqlite3.SQLITE_NOTADB: Cause.FOREIGN,
    sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: Cause.UNREACHABLE,
    sqlite3.SQLITE_IOERR: Cause.UNREACHABLE,
    sqlite3.SQLITE_PERM: Cause.READ_ONLY,
}
#: By SQLSTATE, or by its class, which is its first two characters.
_POSTGRESQL = {
    "53100": Cause.FULL,
    "25006": Cause.READ_ONLY,
    "42501": Cause.READ_ONLY,
    "55P03": Cause.LOCKED,
    "40": Cause.LOCKED,
    "57014": Cause.LOCKED,
    "42P01": Cause.FOREIGN,
    "42703": Cause.FOREIGN,
    "3F": Cause.FOREIGN,
    "XX": Cause.DAMAGED,
    "08": Cause.UNREACHABLE,
    "28": Cause.UNREACHABLE,
    "53": Cause.UNREACHABLE,
    "57": Cause.UNREACHABLE,
    "58": Cause.UNREACHABLE,
}


def cause_of(error: BaseException) -> Cause | None:
    """Give the cause of a failure, or None: it is a mistake of ours."""
    if isinstance(error, PoolTimeoutError | TimeoutError):
        return Cause.LOCKED
    if isinstance(error, FileGoneError):
        return Cause.GONE
    if isinstance(error, OSError):
        return Cause.UNREACHABLE
    if not isinstance(error, DBAPIError):
        return None
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest says more than we need
        is_foreign = str(origin).startswith(("no such table", "no such column")) or "has no column" in str(origin)
        return Cause.FOREIGN if is_foreign else _SQLITE.get(code)
    state = str(getattr(origin, "sqlstate", None) or "")
    cause = _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    return cause or (Cause.UNREACHABLE if error.connection_invalidated else None)


def is_unanswered(error: BaseException) -> bool:
    """Say whether the connection ended, or the time was over, before the database answered: it may have obeyed."""
    return isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


class Outages:
    """What is known of the database: the last failure of a request, and the last probe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failure: tuple[float, Cause] | None = None
        self._probe: tuple[float, asyncio.Task[Cause | None]] | None = None

    def note(self, error: BaseException) -> Cause | None:
        """Remember and log a failure with a cause; None: it has none, and is not logged."""
        cause = cause_of(error)
        if cause is not None:
            self._failure = (self._clock(), cause)
            logger.error("The database cannot be used: %s.", cause, extra={"cause": cause.value})
        return cause

    async def look(self, probe: Callable[[], Awaitable[object]]) -> Cause | None:
        """Return why the database cannot be used, or None: it can be."""
        now = self._clock()
        if self._failure is not None and now - self._failure[0] < MEMORY_S:
            return self._failure[1]
        if self._probe is None or (self._probe[1].done() and now - self._probe[0] >= PROBE_S):
            self._probe = (now, asyncio.create_task(_try(probe)))
        task = self._probe[1]
        await asyncio.wait([task], timeout=PATIENCE_S)
        return task.result() if task.done() else Cause.LOCKED


async def _try(probe: Callable[[], Awaitable[object]]) -> Cause | None:
    try:
        await probe()
    except Exception as error:
        cause = cause_of(error)
        if cause is None:
            logger.exception("the database could not be probed")
        else:
            logger.error("The database cannot be used: %s.", cause, extra={"cause": cause.value})
        return cause or Cause.UNREACHABLE
    return None
