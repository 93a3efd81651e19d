"""Lets greenlets of one thread hand work to the asyncio event loop of another thread, and wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

import gevent
from gevent.event import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

_T = TypeVar("_T")


class Bridge:
    """A bridge from the thread that makes it to an event loop; `close` it in the same thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._open = True
        self._woken: deque[Callable[[], object]] = deque()
        self._watcher: Any = gevent.get_hub().loop.async_()
        self._watcher.start(self._wake)

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Start work in the event loop, and do not wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Start work in the event loop, and let other greenlets run until it is done; gives its result, or raises."""
        done = Event()
        future = self.start(work)
        future.add_done_callback(lambda _: self._call(done.set))
        done.wait()
        return future.result()

    def close(self) -> None:
        """Stop listening; work that ends later is ignored."""
        with self._lock:
            self._open = False
            self._watcher.stop()
            self._watcher.close()

    def _call(self, function: Callable[[], object]) -> None:
        """Call a function in the thread of the greenlets; from any thread."""
        with self._lock:
            if self._open:
                self._woken.append(function)
                self._watcher.send()

    def _wake(self) -> None:
        while self._woken:
            self._woken.popleft()()
