"""Keeps a folder or a file for one process at a time; the lock of a process that died is no lock."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = ".chat-parity.lock"

_TAKEN = (errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder, which is created if it is not there; raises UsageError with the process that holds it.

    The system gives a lock up with its process. Where a file system or a system has no such locks, nothing is locked.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{folder} cannot be a folder: there is a file of this name, or above it") from None
    with _locked(folder / NAME) as file:
        try:
            _sign(file)
            yield
        finally:
            with contextlib.suppress(PermissionError):  # Windows keeps an open file: there it stays, and locks nothing.
                (folder / NAME).unlink(missing_ok=True)  # While it is held: nobody else removes another one's.


def _sign(file: IO[str]) -> None:
    """Write who holds the lock, without a buffer, which would complain again when it is closed."""
    said = json.dumps({"pid": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds")})
    file.truncate(0)
    try:
        os.write(file.fileno(), said.encode())
    except OSError as error:
        error.filename = file.name  # The system names no file when the disk is full.
        raise


@contextlib.contextmanager
def exclusive_file(path: Path) -> Iterator[IO[str]]:
    """Open a file to write it anew, and hold it; raises UsageError if another process does, and OSError.

    What somebody else is writing is not emptied.
    """
    with path.open("a", encoding="utf-8") as file:
        if not _lock(file):
            raise UsageError(f"{path} is in use by another command; wait for it, or name another file")
        with contextlib.suppress(OSError):  # A pipe or a device has nothing to empty.
            file.truncate(0)
        yield file


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    while True:
        with path.open("a+", encoding="utf-8") as file:
            if not _lock(file):
                raise UsageError(f"{path.parent} is in use by {_holder(file)}; wait for it, or name another folder")
            if _is_still(path, file):
                yield file
                return


def _lock(file: IO[str]) -> bool:
    """Lock an open file without waiting; tell whether it is ours."""
    try:
        import fcntl  # noqa: PLC0415 -- Windows does not have it
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _TAKEN
    return True


def _is_still(path: Path, file: IO[str]) -> bool:
    """Tell whether the path is still this file: its last holder may have removed it in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        said = json.loads(file.read())
        return f"another run (process {int(said['pid'])}, started {datetime.fromisoformat(said['started']):%F %T} UTC)"
    except (ValueError, KeyError, TypeError):  # It has not written it yet.
        return "another run"
