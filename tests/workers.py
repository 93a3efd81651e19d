"""Processes that are forked to work on many things at a time, and that end when whoever forked them does.

Each of them waits for the end of a pipe whose other end only the first process holds. So it does not matter how that
one ends, by an error, Ctrl-C, SIGTERM or SIGKILL: its workers give up what they are at, which stops their servers.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

T = TypeVar("T")

_work: list[Callable[[str], Coroutine[Any, Any, Any]]] = []


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, so that whatever has to be ended is."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ctrl_c)


def work_through(
    names: Iterable[str], work: Callable[[str], Coroutine[Any, Any, T]], jobs: int, tell: Callable[[T], None]
) -> list[T]:
    """Do the work for each name, at most `jobs` at a time; `tell` gets each result as soon as there is one.

    Processes are forked, so `work` may hold what is dear to make. What interrupts this ends them before it is raised.
    """
    theirs, ours = os.pipe()
    held = os.fdopen(ours, "wb")
    fork = multiprocessing.get_context("fork")
    with (
        os.fdopen(theirs, "rb"),
        held,
        sigterm_as_ctrl_c(),
        ProcessPoolExecutor(jobs, fork, _begin, (work, theirs, ours)) as pool,
    ):
        try:
            results = []
            for done in as_completed([pool.submit(_do, name) for name in names]):
                results.append(done.result())
                tell(results[-1])
        except BaseException:
            held.close()
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _begin(work: Callable[[str], Coroutine[Any, Any, Any]], theirs: int, ours: int) -> None:
    os.close(ours)
    os.setsid()  # Ctrl-C ends the first process, and that ends us
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, lambda *_: None)  # the pool sends it where one of us has left before the others
    _work[:] = [work]
    threading.Thread(target=_leave_when_alone, args=(theirs,), daemon=True).start()


def _do(name: str) -> Any:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio makes of it a cancellation
    try:
        return asyncio.run(_work[0](name))
    except KeyboardInterrupt:
        _leave()
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave_when_alone(theirs: int) -> None:
    os.read(theirs, 1)
    os.kill(os.getpid(), signal.SIGINT)


def _leave(*_: object) -> None:
    os._exit(1)
