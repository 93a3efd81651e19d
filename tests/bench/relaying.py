"""What the relay of `watch` adds to a message: `python -m tests.bench.relaying [--messages N]`.

A client and a server that answers each message talk directly, and through what `watch` does, judging included. Server
and relay have a process each. Both ways are measured in turns, so that a busy machine is busy for both. Prints medians
and the 99th percentile in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import connect

from conformance.engine.observe.observer import Observer
from conformance.engine.observe.relay import Relay
from conformance.engine.observe.side import Upstream
from conformance.spec import find, load
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from websockets.asyncio.server import ServerConnection

ROUNDS = 10


async def _answer(client: ServerConnection) -> None:
    await client.send('{"type":"ActionConfirmed","action":"connected","success":true}')
    async for _ in client:
        await client.send('{"type":"Pong"}')


async def _serve(pipe: Connection) -> None:
    async with listening(_answer) as url:
        pipe.send(url)
        await asyncio.Event().wait()


async def _watch(pipe: Connection, url: str) -> None:
    relay = Relay(Upstream(url, None), Observer(load(find())), keep=lambda _: None, trouble=print)
    host, port = await relay.start("127.0.0.1", 0)
    pipe.send(f"ws://{host}:{port}")
    await asyncio.Event().wait()


def _started(work: Any, *more: Any) -> tuple[multiprocessing.Process, str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(work, theirs, *more), daemon=True)
    process.start()
    return process, str(ours.recv())


def _run(work: Any, *arguments: Any) -> None:
    asyncio.run(work(*arguments))


async def _trips(url: str, messages: int) -> list[float]:
    found = []
    async with connect(url, compression=None) as client:
        await client.recv()
        for _ in range(messages):
            began = time.perf_counter()
            await client.send('{"type":"Ping"}')
            await client.recv()
            found.append((time.perf_counter() - began) * 1000)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    messages = parser.parse_args().messages
    server, direct = _started(_serve)
    watch, through = _started(_watch, direct)
    found: dict[str, list[float]] = {"direct": [], "through watch": []}
    for _ in range(ROUNDS):
        for name, url in (("direct", direct), ("through watch", through)):
            found[name] += asyncio.run(_trips(url, messages // ROUNDS))
    for name, times in found.items():
        ordered = sorted(times)
        print(f"{name:<14} median {statistics.median(ordered):.3f} ms, p99 {ordered[len(ordered) * 99 // 100]:.3f} ms")
    added = statistics.median(found["through watch"]) - statistics.median(found["direct"])
    print(f"added          {added:.3f} ms at the median, for a request and its reply together")
    for process in (watch, server):
        process.terminate()


if __name__ == "__main__":
    main()
