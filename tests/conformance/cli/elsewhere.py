"""Takes away what Windows lacks, then runs the command: `python -m tests.conformance.cli.elsewhere VERB …`.

`SERVER` as the first argument is the reference server instead.
"""

from __future__ import annotations

import asyncio.unix_events
import os
import runpy
import select
import signal
import sys
from typing import Any

MODULES = ("fcntl", "grp", "pwd", "pty", "resource", "syslog", "termios", "tty", "uvloop")
SIGNALS = ("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1", "SIGUSR2")
FUNCTIONS = ("fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid", "getuid", "killpg", "setsid", "uname")


def take_away() -> None:
    """Make this process as poor as one on Windows."""
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment] -- then an import of it fails
    for name in SIGNALS:
        delattr(signal, name)
    for name in (*FUNCTIONS, "O_NONBLOCK"):
        delattr(os, name)
    del select.poll

    def lacks(*_: Any) -> None:
        raise NotImplementedError

    loop = asyncio.unix_events._UnixSelectorEventLoop
    for name in ("add_signal_handler", "remove_signal_handler", "add_reader", "remove_reader", "add_writer"):
        setattr(loop, name, lacks)


if __name__ == "__main__":
    is_server = sys.argv[1:2] == ["SERVER"]
    if is_server:
        del sys.argv[1]
    take_away()
    runpy.run_module("reference_server" if is_server else "conformance.cli", run_name="__main__", alter_sys=True)
