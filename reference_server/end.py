"""Waits for the end of the server: a signal, or the end of the process that has started it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
"""SIGHUP: the terminal is closed. Windows does not have it."""


def watch_for_the_end(exit_on_stdin_eof: bool) -> asyncio.Event:
    """Give an event that is set by a signal or, if requested, the end of the process at the other end of stdin.

    A SIGHUP that is ignored, as by `nohup`, stays ignored.

    Watch before you say that the server is ready: who is told so may end it at once.
    """
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            _on_signal(loop, number, end.set)
    if exit_on_stdin_eof:
        _watch_stdin(loop, end.set)
    return end


def _on_signal(loop: asyncio.AbstractEventLoop, number: signal.Signals, ended: Callable[[], None]) -> None:
    try:
        loop.add_signal_handler(number, ended)
    except NotImplementedError:  # the event loops of Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended))


def _watch_stdin(loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            ended()

    try:
        loop.add_reader(descriptor, read)
    except NotImplementedError:  # the event loops of Windows, which wait for no pipe of this kind
        threading.Thread(target=_read_to_the_end, args=(loop, descriptor, ended), daemon=True).start()
    except OSError:  # /dev/null or a file: nobody holds it, so there is nothing to wait for
        ended()


def _read_to_the_end(loop: asyncio.AbstractEventLoop, descriptor: int, ended: Callable[[], None]) -> None:
    while os.read(descriptor, 4096):
        pass
    loop.call_soon_threadsafe(ended)
