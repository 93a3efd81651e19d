"""Finds the spec folder that a command reads, and tells copies of it apart."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import BadFile, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGE = Path(__file__).parent.parent
_COPY = _PACKAGE / "_spec"
"""Where the wheel puts its copy of the spec."""

_MARK = "protocol.yaml"


def find() -> Path:
    """Give `./spec` where the working directory has one, else the spec of the installation; raises BadFile."""
    return in_working_directory() or installed()


def find_with_warning() -> tuple[Path, str]:
    """Give what `find` gives, and a warning if `./spec` differs from the installation's; raises BadFile."""
    here = in_working_directory()
    if here is None:
        return installed(), ""
    with suppress(BadFile):  # There may be no other one.
        other = installed()
        if other.resolve() != here.resolve() and digest(other) != digest(here):
            return here, f"reads ./spec, which differs from the installed {other}"
    return here, ""


def in_working_directory() -> Path | None:
    """Give the absolute path of `./spec` if it is the folder of a protocol."""
    try:
        folder = Path.cwd() / "spec"
        return folder if (folder / _MARK).exists() else None
    except OSError:  # The working directory may be gone, or closed to us.
        return None


def installed() -> Path:
    """Give the spec of this installation: inside the wheel, or beside the package in a checkout; raises BadFile."""
    for folder in (_COPY, _PACKAGE.parent / "spec"):
        if (folder / _MARK).exists():
            return folder
    missing = "the spec folder is missing; reinstall, or name one with --spec"
    raise BadFile(Mistake(_PACKAGE.parent / "spec", 0, missing))


def is_installed_copy(folder: Path) -> bool:
    """Tell whether a folder is the copy inside an installed package, which nobody should edit."""
    return folder.resolve() == _COPY.resolve()


def digest(folder: Path, files: Iterable[Path] | None = None) -> str:
    """Give a digest of the YAML and JSON files of a spec folder: all of them, or some."""
    found = hashlib.sha256()
    for file in sorted(folder.rglob("*") if files is None else files):
        if file.is_file() and file.suffix in (".yaml", ".json"):
            found.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            found.update(file.read_bytes())
    return f"sha256:{found.hexdigest()}"
