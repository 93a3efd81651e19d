"""Leads a load on several workers: Locust's master spawns the virtual users, and the counts are added here."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from conformance.engine.load.messages import FINAL, FULL, HELLO, JOB, PREPARED, REPORT, STOPPED
from conformance.engine.load.swarm import POLL_INTERVAL, beside, import_locust
from conformance.engine.load.traffic import DRAIN
from conformance.errors import TargetUnreachable, UsageError
from conformance.results.load.tally import Tally

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from conformance.engine.load.job import Job
    from conformance.engine.load.run import Load

COMING = 600.0
"""Seconds in which the workers must come, and then be ready; people start them on other machines."""
STOP = 10.0
"""Seconds in which Locust must stop the virtual users."""
LAST_WORD = 10.0
"""Seconds to wait for the last counts after the running scenarios have ended."""


async def lead(
    job: Job, load: Load, host: str, port: int, bound: Callable[[int], None], gone: Callable[[], str]
) -> None:
    """Lead a load until it is over; `load` is up to date also when this is cancelled.

    `bound` is called in the event loop with the port on which workers are awaited. `gone` says why a worker cannot come
    any more (empty: it can). Raises UsageError if the address is taken, and TargetUnreachable if a worker cannot take
    part or does not come within COMING seconds.
    """
    import_locust()
    loop = asyncio.get_running_loop()
    load.workers = 0

    def listening(at: int) -> None:
        loop.call_soon_threadsafe(bound, at)

    await beside(lambda over: _Master(job, load, gone).run(host, port, listening, over))


class _Master:
    """Lives in the thread of the greenlets."""

    def __init__(self, job: Job, load: Load, gone: Callable[[], str]) -> None:
        self._job = job
        self._load = load
        self._gone = gone
        self._runner: Any = None
        self._here: set[str] = set()
        self._prepared: set[str] = set()
        self._ended: set[str] = set()
        self._error = ""
        self._over = False

    def run(self, host: str, port: int, listening: Callable[[int], None], over: threading.Event) -> None:
        import gevent  # noqa: PLC0415 -- an optional dependency

        from conformance.engine.load.users import Script, make_environment  # noqa: PLC0415 -- it imports locust

        environment = make_environment(Script())
        try:
            runner = environment.create_master_runner(host, port)
        except (SystemExit, Exception) as error:  # Locust ends the process if the port is taken.
            raise UsageError(f"cannot wait for workers at {host}:{port}: the address is taken or wrong") from error
        self._runner = runner
        for name, listener in ((HELLO, self._greeted), (PREPARED, self._ready), (FINAL, self._final)):
            runner.register_message(name, listener)
        environment.events.worker_report.add_listener(self._report)
        try:
            listening(runner.server.port)
            self._lead(runner, over)
        finally:
            runner.quit()
            runner.server.close(linger=0)
            gevent.get_hub().destroy()

    def _lead(self, runner: Any, over: threading.Event) -> None:
        import gevent  # noqa: PLC0415 -- an optional dependency

        self._wait(lambda: len(self._here) >= self._job.workers, over, self._here)
        for client in sorted(self._here):
            runner.send_message(JOB, self._job.to_dict(), client_id=client)
        self._wait(lambda: bool(self._error) or self._prepared >= self._here, over, self._prepared)
        if self._error:
            raise TargetUnreachable(f"a worker cannot take part: {self._error}")
        if over.is_set():
            return
        self._load.workers = len(self._prepared)
        began = time.monotonic()
        until = began + self._job.shape.seconds
        shape = self._job.shape
        spawning = gevent.spawn(runner.start, shape.generators, spawn_rate=shape.spawn_rate)
        lost = 0
        while time.monotonic() < until and not over.is_set() and not self._over and lost < self._job.workers:
            gevent.sleep(POLL_INTERVAL)
            self._load.seconds = time.monotonic() - began
            lost = max(lost, self._job.workers - runner.worker_count)
            if lost:  # Locust gives their users to the others.
                self._load.stopped = f"{lost} of {self._job.workers} workers were lost"
        spawning.kill()
        with gevent.Timeout(STOP, False):  # Locust may wait for users that it has just given to another worker.
            runner.stop()
        left = len(self._prepared) - lost
        patience = time.monotonic() + DRAIN * self._job.time_scale + LAST_WORD
        while len(self._ended) < left and time.monotonic() < patience:
            gevent.sleep(POLL_INTERVAL)
        if len(self._ended) < left:
            missing = f"the last counts of {left - len(self._ended)} of {self._job.workers} workers did not come"
            self._load.stopped = self._load.stopped or missing

    def _wait(self, condition: Callable[[], bool], over: threading.Event, ready: set[str]) -> None:
        """Wait for the workers; raises TargetUnreachable if one cannot come any more, or too few come in time."""
        import gevent  # noqa: PLC0415 -- an optional dependency

        until = time.monotonic() + COMING
        while not condition() and not over.is_set():
            if time.monotonic() > until:
                few = f"{len(ready)} of {self._job.workers}"
                raise TargetUnreachable(f"only {few} workers were ready after {COMING:g} s")
            gone = self._gone()
            if gone:
                raise TargetUnreachable(gone)
            gevent.sleep(POLL_INTERVAL)

    def _greeted(self, environment: object, msg: Any) -> None:
        """Take a worker, or send it away if the throttle is shared out among others already."""
        if len(self._here) < self._job.workers:
            self._here.add(msg.node_id)
        else:
            self._runner.send_message(FULL, client_id=msg.node_id)

    def _ready(self, environment: object, msg: Any) -> None:
        self._error = self._error or str(msg.data["error"])
        self._prepared.add(msg.node_id)

    def _final(self, environment: object, msg: Any) -> None:
        self._take(msg.data)
        self._ended.add(msg.node_id)

    def _report(self, data: dict[str, Any], **_: object) -> None:
        self._take(data)

    def _take(self, data: dict[str, Any]) -> None:
        if REPORT in data:
            self._load.tally.merge(Tally.from_dict(data[REPORT]))
            self._load.stopped = self._load.stopped or str(data[STOPPED])
            self._over = self._over or bool(data[STOPPED])
