"""A master leads the load, workers make it; here they are threads of one process, and speak over a real socket."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.load.job import Shape
from conformance.engine.load.master import lead
from conformance.engine.load.run import Load
from conformance.engine.load.swarm import import_locust
from conformance.engine.load.worker import work_for
from conformance.errors import TargetUnreachable, UsageError
from conformance.results.load.tally import Ending
from tests.conformance.run_contexts import target_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from conformance.engine.load.job import Job
    from conformance.spec import Spec
    from conformance.target import Target

LONG = Shape(users=4, ramp=0.0, seconds=600.0)


@dataclass
class Lead:
    """A load that goes on: its master, the port where it awaits its workers, and what was counted."""

    load: Load
    port: int
    master: asyncio.Task[None]

    async def counted(self, scenarios: int) -> None:
        await self.until(lambda: self.load.tally.scenarios >= scenarios)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110 -- reports come at intervals, without an event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def leading(job: Job, gone: Callable[[], str] = lambda: "") -> AsyncIterator[Lead]:
    load = Load()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    master = asyncio.create_task(lead(job, load, "127.0.0.1", 0, port.set_result, gone))
    try:
        yield Lead(load, await port, master)
    finally:
        master.cancel()
        await asyncio.wait({master})


@pytest.fixture
def reported_often(monkeypatch: pytest.MonkeyPatch) -> None:
    import_locust()  # Before anything else imports it: with its monkey patching, asyncio would not work.
    monkeypatch.setattr("locust.runners.WORKER_REPORT_INTERVAL", 0.1)


@pytest.fixture
async def target(toys: Spec) -> AsyncIterator[Target]:
    async with ChatServer().serving() as server:
        yield target_at(toys, server.url)


async def test_the_counts_of_all_workers_come_together(toys: Spec, target: Target, job_of: Callable[..., Job]) -> None:
    async with leading(job_of(workers=2)) as led, asyncio.TaskGroup() as workers:
        for _ in range(2):
            workers.create_task(work_for("127.0.0.1", led.port, toys, target))
        await led.master
    tally = led.load.tally
    assert (led.load.workers, led.load.stopped) == (2, "")
    assert tally.scenarios == tally.ended(Ending.PASSED) > 0
    assert tally.replies["SendMessage"].count == tally.scenarios
    assert led.load.seconds >= 0.5


async def test_a_worker_too_many_is_sent_away_and_the_load_goes_on(
    toys: Spec, target: Target, job_of: Callable[..., Job], reported_often: None
) -> None:
    async with leading(job_of(LONG)) as led:
        worker = asyncio.create_task(work_for("127.0.0.1", led.port, toys, target))
        await led.counted(1)
        with pytest.raises(UsageError, match="as many workers"):
            await work_for("127.0.0.1", led.port, toys, target)
        await led.counted(led.load.tally.scenarios + 1)
        led.master.cancel()
        await worker
    assert led.load.stopped == ""


async def test_without_a_lost_worker_the_load_goes_on_and_is_not_complete(
    toys: Spec, target: Target, job_of: Callable[..., Job], reported_often: None
) -> None:
    async with leading(job_of(LONG, workers=2)) as led:
        workers = [asyncio.create_task(work_for("127.0.0.1", led.port, toys, target)) for _ in range(2)]
        await led.counted(1)
        workers[0].cancel()
        await led.until(lambda: bool(led.load.stopped))
        await led.counted(led.load.tally.scenarios + 5)
        led.master.cancel()
        await asyncio.wait(workers)
    assert led.load.stopped == "1 of 2 workers were lost"


async def test_a_master_that_is_interrupted_ends_its_workers(
    toys: Spec, target: Target, job_of: Callable[..., Job], reported_often: None
) -> None:
    async with leading(job_of(LONG)) as led:
        worker = asyncio.create_task(work_for("127.0.0.1", led.port, toys, target))
        await led.counted(1)
        led.master.cancel()
        await worker
    assert led.load.tally.ended(Ending.PASSED) > 0


async def test_a_worker_with_another_spec_cannot_take_part(
    toys: Spec, target: Target, job_of: Callable[..., Job]
) -> None:
    other = replace(toys, digest="sha256:another")
    async with leading(job_of()) as led:
        worker = asyncio.create_task(work_for("127.0.0.1", led.port, other, target))
        with pytest.raises(TargetUnreachable, match=r"a worker cannot take part: the worker has another spec"):
            await led.master
        with pytest.raises(UsageError, match=r"both need the same version"):
            await worker


async def test_a_master_whose_workers_cannot_come_says_why(job_of: Callable[..., Job]) -> None:
    async with leading(job_of(), lambda: "a worker ended with exit code 2") as led:
        with pytest.raises(TargetUnreachable, match=r"a worker ended with exit code 2"):
            await led.master


async def test_a_master_does_not_wait_for_ever(job_of: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.engine.load.master.COMING", 0.0)
    async with leading(job_of(workers=2)) as led:
        with pytest.raises(TargetUnreachable, match=r"only 0 of 2 workers were ready after 0 s"):
            await led.master


async def test_a_worker_without_a_master_says_so(toys: Spec, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.engine.load.worker.CONNECT", 0.2)
    with pytest.raises(TargetUnreachable, match=r"there is no master at 127\.0\.0\.1:9"):
        await work_for("127.0.0.1", 9, toys, target)


async def test_an_address_that_is_taken_is_told(job_of: Callable[..., Job]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"cannot wait for workers at 127\.0\.0\.1:{port}: the address is taken"):
            await lead(job_of(), Load(), "127.0.0.1", port, lambda _: None, lambda: "")
