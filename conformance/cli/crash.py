"""Turns an exception that nobody foresaw into one line that tells its true cause, and a traceback for `--debug`."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import Crash, WrongPlace, why

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).parents[2]
_PRINTERS = ("click", "rich")
_MISPLACED = (FileExistsError, NotADirectoryError, IsADirectoryError)


def crash(error: BaseException, redact: Callable[[str], str] = str) -> Crash:
    """Give the error that ends the command with exit code 4; `redact` removes secrets from all of its text.

    A file where a folder must be, or the other way round, is a mistake in the command line: exit code 2.
    """
    trace = "".join(traceback.format_exception(error))
    first = first_of(error)
    kind = WrongPlace if isinstance(first, _MISPLACED) and first.filename is not None else Crash
    return kind(redact(_cause(first)), redact(trace))


def first_of(error: BaseException) -> BaseException:
    """Give the first exception of a group of exceptions; any other exception is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _cause(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        if not _has_working_directory():
            return "the working directory does not exist any more; change to another one"
        name = "standard output" if error.filename is None and _printed(error) else error.filename
        if name is not None:
            return f"{name}: {_wrong_place(error) or why(error)}"
        return f"{why(error)}{_place(error)}; --debug shows the traceback"
    if isinstance(error, MemoryError):
        return f"there is not enough memory{_place(error)}; --debug shows the traceback"
    said = " ".join(str(error).split())
    name = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"an unexpected error: {name}{_place(error)}; --debug shows the traceback"


def _wrong_place(error: OSError) -> str:
    match error:
        case FileExistsError():
            return "it is a file, not a folder"
        case NotADirectoryError():
            return "there is a file where a folder must be, at this name or above it"
        case IsADirectoryError():
            return "it is a folder, not a file"
    return ""


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _printed(error: OSError) -> bool:
    """Tell whether the command was printing: the system does not name the file that was full."""
    last = traceback.extract_tb(error.__traceback__)[-1]  # click is always among the frames: it calls the verbs, too.
    return Path(last.filename).parent.name in _PRINTERS or last.name == "print_rest"


def _place(error: BaseException) -> str:
    """Give the last line of our own code that the exception passed."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_ROOT / "conformance"):
            return f" ({file.relative_to(_ROOT).as_posix()}:{frame.lineno})"
    return ""
