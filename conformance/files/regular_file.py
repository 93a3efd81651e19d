"""Opens the files of the command line; anything but a regular file might block or never end."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from conformance.errors import of_this_machine

if TYPE_CHECKING:
    from pathlib import Path


def open_regular(file: Path) -> BinaryIO:
    """Open a regular file for reading; raises OSError, or ValueError for a name that no system allows.

    What this machine lacks is no OSError, which says something of the file: that raises MachineFailed.
    """
    try:
        # Without O_NONBLOCK, opening a pipe without a writer would block.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise of_this_machine(error) or error from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", str(file))
    raise OSError(errno.EINVAL, "it is a pipe or a device, not an ordinary file", str(file))


def beside(file: Path, named: str) -> Path | None:
    """Give the file that a file names, relative to itself; None if there is none, whatever the name is."""
    try:
        found = file.parent / named
        return found if found.is_file() else None
    except (OSError, ValueError):  # too long a name, a loop of links, or a NUL in it
        return None
