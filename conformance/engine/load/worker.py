"""Takes part in a load as one of its workers: waits for the master's job, makes its share, and reports its counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from conformance.engine.load.job import Job, share_of
from conformance.engine.load.messages import FINAL, FULL, HELLO, JOB, PREPARED, REPORT, STOPPED
from conformance.engine.load.run import open_side
from conformance.engine.load.swarm import POLL_INTERVAL, beside, import_locust
from conformance.engine.load.traffic import Traffic
from conformance.errors import ChatParityError, TargetUnreachable, UsageError

if TYPE_CHECKING:
    import threading

    from conformance.engine.load.bridge import Bridge
    from conformance.engine.load.users import Script
    from conformance.spec import Spec
    from conformance.target import Target

CONNECT = 300.0
"""Seconds to wait for the master, which runs each scenario once before it listens."""
PAUSE = 0.5


async def work_for(host: str, port: int, spec: Spec, target: Target) -> None:
    """Take part in one load on a target.

    Raises TargetUnreachable if there is no master, and UsageError if it has workers enough or another spec.
    """
    import_locust()
    await _reach(host, port)
    loop = asyncio.get_running_loop()
    worker = _Worker(loop)
    working = asyncio.ensure_future(beside(lambda over: worker.run(host, port, over)))
    asked = worker.job
    try:
        await asyncio.wait([working, asked], return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        if asked.done():
            await _take_part(worker, asked.result(), spec, target, working)
        await working
    finally:
        asked.cancel()
        working.cancel()
        await asyncio.wait({working})


async def _take_part(worker: _Worker, job: Job, spec: Spec, target: Target, working: asyncio.Future[None]) -> None:
    """Calibrate the target, tell that the traffic can begin, and keep the target open until all is over."""
    try:
        if job.digest != spec.digest:
            raise UsageError("the worker has another spec than the master: both need the same version of chat-parity")
        part = share_of(target, job.workers)
        async with open_side(spec, part, job.time_scale, bystanders=job.bystanders) as run_context:
            worker.prepared.set_result(Traffic(run_context, job))
            await asyncio.wait({working})
    except ChatParityError as error:
        if not worker.prepared.done():
            worker.prepared.set_exception(error)
            await asyncio.wait({working})
        raise


async def _reach(host: str, port: int) -> None:
    """Wait until the master listens; Locust itself would try for minutes without a message."""
    deadline = asyncio.get_running_loop().time() + CONNECT
    while True:
        try:
            async with asyncio.timeout(CONNECT):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
        except OSError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise TargetUnreachable(f"there is no master at {host}:{port}: {error}") from None
            await asyncio.sleep(PAUSE)  # A poll: there is no event for the start of a master.
        else:
            return


class _Worker:
    """The side of the greenlets. `job` comes from the master, and `prepared` from the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.job: asyncio.Future[Job] = loop.create_future()
        self.prepared: asyncio.Future[Traffic] = loop.create_future()
        self._loop = loop
        self._traffic: Traffic | None = None

    def run(self, host: str, port: int, over: threading.Event) -> None:
        import gevent  # noqa: PLC0415 -- an optional dependency

        from conformance.engine.load.bridge import Bridge  # noqa: PLC0415 -- it imports gevent
        from conformance.engine.load.users import Script, make_environment  # noqa: PLC0415 -- it imports locust

        bridge = Bridge(self._loop)
        script = Script(bridge=bridge)
        environment = make_environment(script)
        runner = environment.create_worker_runner(host, port)

        def take_job(environment: object, msg: Any) -> None:
            script.worker = max(runner.worker_index, 0)
            self._prepare(Job.from_dict(msg.data), script, bridge, runner)

        def end(**_: object) -> None:
            if self._traffic is not None:
                bridge.wait(self._traffic.drain())
                runner.send_message(FINAL, self._counted())

        runner.register_message(JOB, take_job, concurrent=True)
        runner.register_message(FULL, lambda **_: self._loop.call_soon_threadsafe(self._send_away))
        environment.events.report_to_master.add_listener(lambda data, **_: data.update(self._counted()))
        environment.events.test_stop.add_listener(end)
        runner.send_message(HELLO, {})
        while len(runner.greenlet) and not over.is_set():
            gevent.sleep(POLL_INTERVAL)
        if over.is_set():
            environment.events.quitting.fire(environment=environment, reverse=True)
            gevent.sleep(POLL_INTERVAL)  # so that the word to the master leaves
            runner.greenlet.kill(block=False)
        bridge.close()
        runner.client.close(linger=0)
        gevent.get_hub().destroy()

    def _send_away(self) -> None:
        if not self.job.done():
            self.job.set_exception(UsageError("the master has as many workers as its --workers says"))

    def _prepare(self, job: Job, script: Script, bridge: Bridge, runner: Any) -> None:
        async def prepare() -> Traffic:
            self.job.set_result(job)
            return await self.prepared

        try:
            traffic = bridge.wait(prepare())
        except ChatParityError as error:
            runner.send_message(PREPARED, {"error": str(error)})
            return
        script.run, script.job, self._traffic = traffic.run_one, job, traffic
        runner.send_message(PREPARED, {"error": ""})

    def _counted(self) -> dict[str, Any]:
        if self._traffic is None:
            return {}
        return {REPORT: self._traffic.take().to_dict(), STOPPED: self._traffic.stopped}
