"""A disk that is small enough to be filled: a tmpfs. To mount one takes root, or sudo without a password."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = bytes(4096)


class SmallDisk:
    """A folder that is a disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Take all room that is left."""
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(BLOCK)
            except OSError:
                return

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()


@contextmanager
def small_disk(owner: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a disk that belongs to the owner of a file; it is gone afterwards, with what is on it."""
    who = owner.stat()
    folder = Path(tempfile.mkdtemp(prefix="parity-disk-"))
    options = f"size={megabytes}m,mode=0700,uid={who.st_uid},gid={who.st_gid}"
    _as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _as_root("umount", "--lazy", str(folder))
        folder.rmdir()


def _as_root(*command: str) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    subprocess.run([*sudo, *command], check=True)
