"""The faults of processes and of clients; those of engines register here, too.

Each is a function of a deployment under load, with what it promises beyond the common promises.

Common promises: nothing acknowledged is lost, nothing is there twice or in another order of its sender, who stays
connected hears everything, and every sender is answered again within a minute.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.survival import saboteur
from tests.survival.deployment import Deployment

if TYPE_CHECKING:
    from tests.survival.engines import Process

Run = Callable[[Deployment], Awaitable[None]]
#: An ordered end takes no longer, whatever clients and engines do. The server promises 2 s; the rest is the machine's.
ORDERED_END_S = 6.0
#: 8 MB of what a reader has not read are kept for it.
CUT_S = 100.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong, on one kind of deployment."""

    name: str
    engine: str
    run: Run
    #: What is done to the deployment, in a sentence.
    what: str
    #: Whether `--trials` repeats it: it is short, and another moment may be worse.
    repeats: bool


FAULTS: dict[str, Fault] = {}


def fault(*engines: str, repeats: bool = False) -> Callable[[Run], Run]:
    """Register a fault for each engine."""

    def register(run: Run) -> Run:
        for engine in engines:
            name = f"{engine}.{run.__name__.replace('_', '-')}"
            FAULTS[name] = Fault(name, engine, run, (run.__doc__ or "").strip(), repeats)
        return run

    return register


async def _ends_in_time(process: Process) -> None:
    seconds = await process.stop()
    assert seconds < ORDERED_END_S, f"the process took {seconds:.1f} s to end"


@fault("sqlite", "postgresql", "cluster", repeats=True)
async def kill(deployment: Deployment) -> None:
    """A process is killed under load, and started again."""
    await deployment.processes[-1].kill()
    await deployment.processes[-1].start()


@fault("cluster")
async def crash_before_broadcast(deployment: Deployment) -> None:
    """A process dies when it has committed, before anybody is told."""
    process = deployment.processes[-1]
    process.send(saboteur.CRASH)
    assert await process.ended() == 9
    await process.start()


@fault("sqlite", "cluster")
async def sigterm_with_a_stuck_client(deployment: Deployment) -> None:
    """A process is told to end while one client hardly reads and another stops in its handshake; it ends in time."""
    port = int(deployment.processes[-1].url.split(":")[2].split("/")[0])
    async with deployment.slow_reader.lagging():
        await deployment.works()
        with closing(socket.create_connection(("127.0.0.1", port))) as stuck:
            stuck.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\n")  # and no more
            await _ends_in_time(deployment.processes[-1])
    await deployment.processes[-1].start()


@fault("postgresql", "cluster")
async def sigterm_with_silent_engines(deployment: Deployment) -> None:
    """A process is told to end while nothing passes between it and its engines; it ends in time."""
    links = deployment.to_postgres + deployment.to_redis
    for each in links:
        each.silence()
    await _ends_in_time(deployment.processes[-1])
    for each in links:
        each.heal()
    await deployment.processes[-1].start()


@fault("sqlite")
async def sigterm_with_a_locked_file(deployment: Deployment) -> None:
    """The process is told to end while another program locks the file; it ends in time."""
    with closing(sqlite3.connect(deployment.folder / "chat.db", timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(1)  # Until requests wait for the lock.
        await _ends_in_time(deployment.processes[0])
    await deployment.processes[0].start()


@fault("sqlite", "cluster")
async def pause(deployment: Deployment) -> None:
    """A process stands still for 10 s."""
    deployment.processes[-1].send(signal.SIGSTOP)
    await asyncio.sleep(10)  # The fault itself.
    deployment.processes[-1].send(signal.SIGCONT)


@fault("sqlite", "postgresql", "cluster")
async def clock_steps_forward(deployment: Deployment) -> None:
    """The clock of one process is set an hour forward."""
    deployment.processes[0].send(saboteur.FORWARD)


@fault("sqlite", "postgresql", "cluster")
async def clock_steps_back(deployment: Deployment) -> None:
    """The clock of one process is set an hour back."""
    deployment.processes[0].send(saboteur.BACK)


@fault("sqlite")
async def disk_full(deployment: Deployment) -> None:
    """No file of the process may grow for 3 s; requests are refused."""
    size = (deployment.folder / "chat.db-wal").stat().st_size
    deployment.processes[0].limit(resource.RLIMIT_FSIZE, size)
    await asyncio.sleep(3)  # The fault itself.
    deployment.processes[0].limit(resource.RLIMIT_FSIZE, -1)


@fault("sqlite", "cluster")
async def out_of_file_descriptors(deployment: Deployment) -> None:
    """The process may open no file or connection for 3 s, and clients keep coming."""
    process = deployment.processes[0]
    process.limit(resource.RLIMIT_NOFILE, 8)
    port = int(process.url.split(":")[2].split("/")[0])
    comers = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    await asyncio.sleep(3)  # The fault itself.
    process.limit(resource.RLIMIT_NOFILE, -1)
    for each in comers:
        each.close()


@fault("sqlite", repeats=True)
async def reset_in_mid_frame(deployment: Deployment) -> None:
    """The connections of all clients are reset, wherever their frames are."""
    deployment.to_clients.slice = 7
    await asyncio.sleep(0.5)  # Until frames come in pieces.
    deployment.to_clients.cut()
    deployment.to_clients.slice = 0


@fault("sqlite")
async def one_byte_at_a_time(deployment: Deployment) -> None:
    """What clients send and get comes in pieces of one byte for 3 s."""
    deployment.to_clients.slice = 1
    deployment.to_clients.cut()  # new connections have it from their first byte
    await asyncio.sleep(3)  # The fault itself.
    deployment.to_clients.slice = 0


@fault("sqlite")
async def latency(deployment: Deployment) -> None:
    """Every piece is 300 ms late for 5 s."""
    deployment.to_clients.delay = 0.3
    await asyncio.sleep(5)  # The fault itself.
    deployment.to_clients.delay = 0.0


@fault("sqlite")
async def half_open_clients(deployment: Deployment) -> None:
    """The clients' network is gone for 10 s, and neither end is told."""
    deployment.to_clients.silence()
    await asyncio.sleep(10)  # The fault itself.
    deployment.to_clients.cut()
    deployment.to_clients.heal()


@fault("sqlite", "postgresql", "cluster", repeats=True)
async def slow_reader(deployment: Deployment) -> None:
    """A client reads far less than it is told; it is cut with 4408, and nobody waits for it."""
    reader = deployment.slow_reader
    cuts = await reader.cuts()
    async with reader.lagging():
        await deployment.works()
        await reader.is_cut(cuts, CUT_S)
        await deployment.works()


@fault("cluster")
async def rolling_restart(deployment: Deployment) -> None:
    """Each process ends in an orderly way and is started again, one after the other."""
    for process in deployment.processes:
        await _ends_in_time(process)
        await process.start()
        await deployment.works()
