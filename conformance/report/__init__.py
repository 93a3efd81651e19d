"""Reports: pure functions of a recorded run. One file per view; a further view is a further file.

run → build → Report → one of `formats.FORMATS`
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.report.formats import FILES, FORMATS
from conformance.report.model import FeatureRow, Report, RuleRow, build
from conformance.report.transcript import failure_text

if TYPE_CHECKING:
    from conformance.results.explored import Exploration
    from conformance.results.load.record import LoadRecord
    from conformance.results.runlog import Run

__all__ = [
    "FILES",
    "FORMATS",
    "FeatureRow",
    "Report",
    "RuleRow",
    "build",
    "failure_text",
    "write_file",
    "write_reports",
]

_OPEN = ("/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd")
"""Names of what this process has open, which may be a regular file: a rename would not change what is open."""


def write_reports(
    run: Run,
    folder: Path,
    source_url: str = "",
    explored: Exploration | None = None,
    load: LoadRecord | None = None,
) -> Report:
    """Write the `FILES` of a run into a folder, each whole or not at all; raises OSError if it cannot.

    `explored` is what `explore` has left beside the run, and `load` what `load` has. Take the run from `read_run` and
    not from memory: only the log has its secrets redacted.
    """
    report = build(run, source_url, explored, load)
    for name, form in FILES.items():
        write_file(folder / name, FORMATS[form](report, run))
    return report


def write_file(path: Path, text: str) -> None:
    """Write to a temporary file and rename it, so that nobody reads half a file; raises OSError with the path.

    A link stays a link. A pipe or a device (`/dev/stdout`) gets the text: a rename would put a file in its place.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_stream(path):
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        else:
            _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        # A file in the way is named already.
        if error.errno and not isinstance(error, FileExistsError | NotADirectoryError):
            error.filename, error.filename2 = str(path), None  # The system names the temporary file, or none.
        raise


def _is_stream(path: Path) -> bool:
    """Tell whether a path is open already, or neither a regular file nor free for one; raises OSError."""
    try:
        return any(map(path.is_relative_to, _OPEN)) or not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _replace(path: Path, text: str) -> None:
    """Write a new file beside it, and rename that: it has the mode of the old one, or what the user's umask leaves."""
    temporary = path.parent / f".chat-parity.{secrets.token_hex(8)}"  # short, however long the name is
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
