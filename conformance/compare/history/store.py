"""The file of a history: an SQLite database that a CI cache can keep, with names stored once and a bound on runs."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from conformance.compare.history.model import RunPoint
from conformance.compare.history.trend import LONGEST
from conformance.errors import BadFile, Mistake
from conformance.files.regular_file import open_regular
from conformance.report.text import line
from conformance.results.runlog import FeatureEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = 0x43505249
"""What the database says of itself (`application_id`), so that a file of another program is never changed."""

VERSION = 1

KEPT = 200
"""Runs of one server that a file keeps, if nobody says otherwise."""

LARGEST = 512 * 1024 * 1024
"""Bytes. A larger file is no history of ours."""

PATIENCE = 10.0
"""Seconds to wait for another command that writes to the file."""

_OF_THE_MACHINE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}
"""What is wrong with the machine and not with the file, by the codes of SQLite."""

_SCHEMA = (
    "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, started TEXT NOT NULL, target TEXT NOT NULL, "
    "spec TEXT NOT NULL, tool TEXT NOT NULL, complete INTEGER NOT NULL, exit_code INTEGER NOT NULL)",
    "CREATE TABLE features (id TEXT PRIMARY KEY, number INTEGER NOT NULL, title TEXT NOT NULL)",
    "CREATE TABLE verdicts (run INTEGER NOT NULL, feature TEXT NOT NULL, verdict TEXT NOT NULL, "
    "PRIMARY KEY (run, feature)) WITHOUT ROWID",
    "CREATE TABLE outcomes (run INTEGER NOT NULL, scenario INTEGER NOT NULL, outcome TEXT NOT NULL, "
    "unsteady INTEGER NOT NULL, PRIMARY KEY (run, scenario)) WITHOUT ROWID",
)


class Store:
    """One file of histories. Every method raises BadFile if the file is no history, or OSError: a full disk, no access.

    Example:
        >>> store = Store(Path("history.sqlite"))
        >>> store.add(point_of(run), features)
        True

    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, point: RunPoint, features: tuple[FeatureEntry, ...], keep: int = KEPT) -> bool:
        """Add a run, and drop the oldest of its server beyond `keep`; False if the file has it already."""
        with self._opened(create=True) as base, base:
            if base.execute("SELECT 1 FROM runs WHERE run = ?", (point.id,)).fetchone():
                return False
            row = (point.id, point.started, point.target, point.spec, point.tool, point.complete, point.exit_code)
            into = (
                "INSERT INTO runs (run, started, target, spec, tool, complete, exit_code) VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            run = base.execute(into, row).lastrowid
            base.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?, ?)",
                [(one.id, one.number, one.title) for one in features],
            )
            base.executemany("INSERT INTO verdicts VALUES (?, ?, ?)", [(run, *one) for one in point.verdicts.items()])
            base.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", [(name,) for name in point.outcomes])
            base.executemany(
                "INSERT INTO outcomes SELECT ?, id, ?, ? FROM names WHERE name = ?",
                [(run, outcome, name in point.unsteady, name) for name, outcome in point.outcomes.items()],
            )
            _drop_old(base, point.target, keep)
            return True

    def targets(self) -> tuple[str, ...]:
        """Give the names of the servers, the one with the latest run first."""
        with self._opened() as base:
            found = base.execute("SELECT target FROM runs GROUP BY target ORDER BY max(started) DESC, max(id) DESC")
            return tuple(_text(row[0]) for row in found)

    def features(self) -> tuple[FeatureEntry, ...]:
        """Give the features by their latest names, in the order of their numbers."""
        with self._opened() as base:
            found = base.execute("SELECT number, id, title FROM features ORDER BY number, id")
            return tuple(FeatureEntry(int(number), _text(name), _text(title)) for number, name, title in found)

    def runs(self, target: str, most: int = KEPT) -> tuple[RunPoint, ...]:
        """Give the latest runs of a server, oldest first."""
        with self._opened() as base:
            wanted = (
                "SELECT id, run, started, target, spec, tool, complete, exit_code FROM runs WHERE target = ? "
                "ORDER BY started DESC, id DESC LIMIT ?"
            )
            rows = base.execute(wanted, (target, most)).fetchall()
            return tuple(_point(base, row) for row in reversed(rows))

    @contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            self._check_file(create=create)
            with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as base:
                base.execute("PRAGMA trusted_schema = OFF")
                if create:
                    base.execute("BEGIN IMMEDIATE")  # Commands that add at the same time do so one after the other.
                self._check_content(base, create=create)
                yield base
        except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                self._bad("is in use by another command; try again when that has ended")
            if code in _OF_THE_MACHINE:
                number = _OF_THE_MACHINE[code]
                raise OSError(number, os.strerror(number), str(self._path)) from None
            self._bad(f"cannot be used as a history ({line(str(error))}); name another file with --file")

    def _check_file(self, *, create: bool) -> None:
        """Refuse what is no file of a bearable size; sqlite would make a new one of a name that nobody has."""
        if create:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._path.exists():
                self._path.touch()  # SQLite would not say why it cannot.
                return
        try:
            with open_regular(self._path) as file:
                size = file.seek(0, 2)
        except OSError as error:
            why = (
                "there is none yet: `chat-parity history add RUN` makes it"
                if not self._path.exists()
                else error.strerror
            )
            self._bad(f"cannot be read ({why})")
        if size > LARGEST:
            self._bad(f"has {size} bytes; a history has at most {LARGEST}")

    def _check_content(self, base: sqlite3.Connection, *, create: bool) -> None:
        application, version = (
            base.execute(f"PRAGMA {word}").fetchone()[0] for word in ("application_id", "user_version")
        )
        found = [row[0] for row in base.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")]
        if create and not found and not application:
            numbers = (f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {VERSION}")
            for statement in (*_SCHEMA, *numbers):
                base.execute(statement)
        elif application == APPLICATION and version > VERSION:
            self._bad(f"has format {version}, and this tool reads up to {VERSION}: install a newer chat-parity")
        elif application != APPLICATION or found != list(_SCHEMA):
            self._bad("is not a history of chat-parity; name another file with --file")

    def _bad(self, message: str) -> NoReturn:
        raise BadFile(Mistake(self._path, 0, message)) from None


def _drop_old(base: sqlite3.Connection, target: str, keep: int) -> None:
    base.execute(
        "DELETE FROM runs WHERE target = ? AND id NOT IN "
        "(SELECT id FROM runs WHERE target = ? ORDER BY started DESC, id DESC LIMIT ?)",
        (target, target, keep),
    )
    for table in ("verdicts", "outcomes"):
        base.execute(f"DELETE FROM {table} WHERE run NOT IN (SELECT id FROM runs)")  # noqa: S608 -- `table` is one of two names above
    base.execute("DELETE FROM names WHERE id NOT IN (SELECT scenario FROM outcomes)")


def _point(base: sqlite3.Connection, row: tuple[Any, ...]) -> RunPoint:
    verdicts = base.execute("SELECT feature, verdict FROM verdicts WHERE run = ?", row[:1])
    outcomes = base.execute(
        "SELECT name, outcome, unsteady FROM outcomes JOIN names ON names.id = scenario WHERE run = ?", row[:1]
    ).fetchall()
    name, started, target, spec, tool = (_text(one) for one in row[1:6])
    return RunPoint(
        name,
        started,
        target,
        spec,
        tool,
        bool(row[6]),
        int(row[7]),
        {_text(feature): _text(verdict) for feature, verdict in verdicts},
        {_text(scenario): _text(outcome) for scenario, outcome, _ in outcomes},
        frozenset(_text(scenario) for scenario, _, unsteady in outcomes if unsteady),
    )


def _text(value: object) -> str:
    """Give a text of the file as one visible line; somebody may have written anything into it."""
    return line(str(value), 2 * LONGEST)  # what was shortened on its way in stays as it is
