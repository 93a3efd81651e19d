"""A claim on a file: by one process alone, or by several that share it, until they end in any way."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FileClaim:
    """A lock on a separate file, because locks on the SQLite file itself would end when another part closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self, *, shared: bool) -> bool:
        """Take the lock, and say whether that was possible; where there are no such locks, say yes."""
        try:
            import fcntl  # noqa: PLC0415 -- Windows does not have it
        except ImportError:
            return True
        try:
            self._file = self._path.open("ab")
        except OSError:  # then the database cannot be opened either, and says why
            return True
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Release the lock; the file stays, because removing it would be a race."""
        if self._file is not None:
            self._file.close()
            self._file = None
