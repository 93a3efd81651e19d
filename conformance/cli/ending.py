"""How the command ends: the one place where an exception or a signal becomes a message and an exit code."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from conformance.errors import ChatParityError, Crash

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 3
USAGE = 2

_CLEAN = ("SIGTERM", "SIGHUP")
"""Signals that end the command as Ctrl-C does: the server that it started is stopped, its folders are removed."""


def take_signals() -> None:
    """Let every signal that asks the command to end do what Ctrl-C does, unless it is ignored (as by `nohup`).

    One that comes again changes nothing: `timeout` sends it to the command and to its group, and a second Ctrl-C
    would cut short how the servers are stopped.
    """
    asked: list[int] = []

    def end(number: int, _: object) -> None:
        if not asked:
            asked.append(number)
            signal.raise_signal(signal.SIGINT)

    for name in _CLEAN:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # A shell sets this for processes in its background.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_with(work: Callable[[], int], *, debug: bool) -> NoReturn:
    """Do the work and end the process with the exit code that it gives, or that its exception means."""
    try:
        code = _code_of(work, debug=debug)
        _silence()
    except KeyboardInterrupt:  # while an error was printed
        code = INTERRUPTED
    except Exception as error:  # No module can be imported to tell an error, say, for want of a file descriptor.
        code = Crash.exit_code
        with contextlib.suppress(OSError):
            click.echo(f"chat-parity: {error}", err=True)
    sys.exit(code)


def _code_of(work: Callable[[], int], *, debug: bool) -> int:
    try:
        code = work()
        print_rest()
    except ChatParityError as error:
        return _complain(error, debug=debug)
    except click.ClickException as error:
        with contextlib.suppress(OSError):  # Standard error may be as full as the disk.
            error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt, EOFError) as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # A second Ctrl-C does not cut the message.
        first = "" if isinstance(error, click.Abort) else "\n"  # below the ^C of the terminal
        with contextlib.suppress(OSError):  # The terminal may be gone.
            click.echo(f"{first}chat-parity: interrupted", err=True)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # From here on, it ends the process, without a traceback.
        return INTERRUPTED
    except Exception as error:  # Exit code 1 is a verdict: no exception may end with it.
        return _crashed(error, debug=debug)
    return code


def print_rest() -> None:
    """Print what is still in the buffer of standard output, while an error can be told."""
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def _crashed(error: Exception, *, debug: bool) -> int:
    from conformance.cli.crash import crash, first_of  # noqa: PLC0415 -- only a command that fails pays for it

    if isinstance(first_of(error), BrokenPipeError) and _reader_is_gone():
        _silence()
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.raise_signal(signal.SIGPIPE)  # ends the process: the shell sees what it sees of `yes | head`
    return _complain(crash(error), debug=debug)


def _complain(error: ChatParityError, *, debug: bool) -> int:
    """Print an error, without control characters: a server or a file may have put some into it."""
    from conformance.report.text import visible  # noqa: PLC0415 -- only a command that fails pays for it

    if debug and isinstance(error, Crash):
        click.echo("\n".join(map(visible, error.trace.rstrip("\n").split("\n"))), err=True)
    with contextlib.suppress(OSError):  # Standard error may be as full as the disk.
        click.echo("chat-parity: " + "\n".join(map(visible, str(error).split("\n"))), err=True)
    return error.exit_code


def _reader_is_gone() -> bool:
    """Tell whether nobody reads standard output or standard error any more."""
    if not hasattr(select, "poll"):
        return False
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            poll = select.poll()
            poll.register(stream.fileno(), 0)  # errors are always reported
            if poll.poll(0):
                return True
    return False


def _silence() -> None:
    """Send what a stream still refuses to nowhere: the interpreter would complain about it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError):
            continue
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
