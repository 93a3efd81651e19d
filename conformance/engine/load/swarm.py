"""Runs a load on Locust's local runner, in a thread beside the event loop that runs the scenarios."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.load.job import Job
    from conformance.engine.load.traffic import Traffic

POLL_INTERVAL = 0.1
"""Seconds between two checks whether the load is over."""

_T = TypeVar("_T")


def import_locust() -> None:
    """Import Locust without its monkey patching; raises UsageError if it is not installed."""
    os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
    try:
        import locust  # noqa: F401, PLC0415 -- an optional dependency, and slow to import
    except ImportError:
        raise UsageError("load needs locust: pip install 'chat-parity[load]'") from None


async def beside(work: Callable[[threading.Event], _T]) -> _T:
    """Run work with greenlets in a thread; when this is cancelled, `work` is told by its event, and waited for."""
    over = threading.Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, over))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        over.set()
        await asyncio.wait({running})
        raise


async def run_here(job: Job, traffic: Traffic) -> None:
    """Run a load in this process until it is over, or the traffic has stopped."""
    import_locust()
    loop = asyncio.get_running_loop()
    await beside(lambda over: _run(job, traffic, loop, over))
    await traffic.drain()


def _run(job: Job, traffic: Traffic, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
    import gevent  # noqa: PLC0415 -- an optional dependency

    from conformance.engine.load.bridge import Bridge  # noqa: PLC0415 -- it imports gevent
    from conformance.engine.load.users import Script, make_environment  # noqa: PLC0415 -- it imports locust

    bridge = Bridge(loop)
    runner = make_environment(Script(traffic.run_one, bridge, job)).create_local_runner()
    until = time.monotonic() + job.shape.seconds
    runner.start(job.shape.generators, spawn_rate=job.shape.spawn_rate)
    while time.monotonic() < until and not over.is_set() and not traffic.stopped:
        gevent.sleep(POLL_INTERVAL)
    runner.quit()
    bridge.close()
    gevent.get_hub().destroy()
