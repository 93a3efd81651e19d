"""Which number replaces which UUID: counted like the keys of a table, and kept in a file that survives a kill -9."""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAMESPACE = uuid.UUID("3e1f0d53-54b3-4f0e-8f43-0d5b6fe9c0aa")


class Numbers:
    """Two dictionaries per kind of id, and the file behind them."""

    def __init__(self, file: Path) -> None:
        self._file = sqlite3.connect(file, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.execute("CREATE TABLE IF NOT EXISTS numbers (kind TEXT, number INTEGER, id TEXT)")
        self._ids: dict[tuple[str, int], str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {"conversation": 0, "message": 0}
        for kind, number, one in self._file.execute("SELECT kind, number, id FROM numbers"):
            self._note(kind, number, one)

    def number(self, kind: str, one: str) -> int:
        """Give the number of a UUID; a new one gets the next."""
        found = self._numbers.get((kind, one))
        return found if found is not None else self._keep(kind, self._last[kind] + 1, one)

    def user(self, number: int) -> str:
        """Give the UUID of a user; users number themselves, by their tokens."""
        if ("user", number) not in self._ids:
            self._keep("user", number, str(uuid.uuid5(_NAMESPACE, str(number))))
        return self._ids["user", number]

    def id(self, kind: str, number: int) -> str:
        """Give the UUID of a number; one that was never given out names nothing."""
        if kind == "user":
            return self.user(number)
        return self._ids.get((kind, number)) or str(uuid.uuid5(_NAMESPACE, f"{kind} {number}"))

    def _keep(self, kind: str, number: int, one: str) -> int:
        self._file.execute("INSERT INTO numbers VALUES (?, ?, ?)", (kind, number, one))
        self._note(kind, number, one)
        return number

    def _note(self, kind: str, number: int, one: str) -> None:
        self._ids[kind, number] = one
        self._numbers[kind, one] = number
        if kind != "user":
            self._last[kind] = max(self._last[kind], number)
