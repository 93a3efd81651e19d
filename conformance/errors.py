"""One exception per way in which a run cannot go on, each with the exit code that it means.

Exit codes: 1 is a verdict and never an exception; 2 is a mistake in the usage or in a file; 3 is a target that could
not be judged; 4 is a failure of chat-parity itself, or of the machine that it runs on.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass
from pathlib import Path


def shown(file: Path) -> Path:
    """Give a path as people read it: relative to the working directory if it is inside."""
    with contextlib.suppress(OSError):  # The working directory may be gone.
        return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return file


class ChatParityError(Exception):
    """The base class: its text is one clear sentence for the user, and `exit_code` is the command's exit code."""

    exit_code = 2


class UsageError(ChatParityError):
    """The command line asks for something that does not exist."""


class TargetUnreachable(ChatParityError):
    """The server under test cannot be reached, or refuses our connections."""

    exit_code = 3


class ProvisioningFailed(ChatParityError):
    """The harness could not create the state that a scenario starts from."""

    exit_code = 3


class ChangeRefused(ProvisioningFailed):
    """The target refused a change that a user had asked for."""


class BudgetSpent(ChatParityError):
    """The run has sent as many requests as the target file allows."""

    exit_code = 3


class AskedToLeave(ChatParityError):
    """The target asks clients to stay away for longer than a run waits, or too often."""

    exit_code = 3


class Crash(ChatParityError):
    """Nobody foresaw this: the machine (a full disk, a missing permission), or a bug of ours; has a traceback."""

    exit_code = 4

    def __init__(self, cause: str, trace: str) -> None:
        super().__init__(cause)
        self.trace = trace


class MachineFailed(ChatParityError):
    """The machine that chat-parity runs on has no more of something, whatever the server or a file is like."""

    exit_code = 4


_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What the system refuses whatever the server or the file is like."""
_ADVICE = {errno.EMFILE: ": raise `ulimit -n`", errno.ENFILE: ": end other programs"}


def why(error: OSError) -> str:
    """Say why the system refused something, and what to do if that is known."""
    return f"{error.strerror or error}{_ADVICE.get(error.errno or 0, '')}"


def of_this_machine(error: BaseException | None) -> MachineFailed | None:
    """Give what this machine lacks if that is the cause of an error, or of one that it came from; else None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _OURS:
            place = f"{error.filename}: " if error.filename is not None else ""
            return MachineFailed(f"{place}{why(error)}")
        error = error.__cause__ or error.__context__
    return None


class WrongPlace(Crash):
    """The command line names a file where a folder must be, or a folder where a file must be."""

    exit_code = 2


LONGEST = 2000
"""Characters that are shown of a mistake: it may name a key that is as long as its file."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in one file: its line (from 1; 0 is the whole file), what is wrong, and what to do."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        """Give `file:line: message`, relative to the working directory if that is shorter."""
        place = shown(self.file)
        said = self.message if len(self.message) <= LONGEST else f"{self.message[:LONGEST]}…"
        return f"{place}:{self.line}: {said}" if self.line else f"{place}: {said}"


class BadFile(ChatParityError):
    """A file of ours (spec, target, report) is missing, unreadable or wrong; `mistakes` has at least one entry."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes
