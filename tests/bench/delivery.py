"""Deliveries and idle connections: the reference server on each engine beside a bare fan-out, in one run.

One member sends, all hear; the next messages are sent when the last ones have reached everybody. No server compresses.
*Fan-out alone* is the reference server's room, connections and protocol where a frame is told that is neither read nor
stored, as the bare fan-out tells it. Processor time is that of the server's processes, without the engines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tests.bench.wire import Wire, open_wire, processor, resident
from tests.engines.deployment import processes
from tests.engines.postgresql import empty_database, postgresql
from tests.engines.redis import redis
from tests.reference_server.support import ROOT, Chat, Command, token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MEMBERS = (2, 10, 100, 1000)
SECONDS = 3.0
ROUNDS = 2
WINDOW = 4
#: So many join at a time: a thousand at once would wait for a connection to PostgreSQL for too long.
JOINING = 20
IDLE = 1000
#: A measurement that waits for longer says so, and the others go on.
PATIENCE_S = 120.0
#: What ends one measurement and not all of them.
FAILURES = (OSError, RuntimeError, TimeoutError)
BARE = "bare Starlette"
ALONE = "fan-out alone"
LIMITS = ("--message-limit", "100000000", "--request-limit", "100000000")


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and the numbers of its processes."""

    instances: list[str]
    api: list[str]
    pids: list[int]


def main(arguments: Sequence[str]) -> int:
    """Measure all servers in turn and print the table."""
    command = argparse.ArgumentParser(prog="python -m tests.bench delivery", description=__doc__)
    command.add_argument("--members", type=int, nargs="+", default=MEMBERS, metavar="N", help=f"default: {MEMBERS}")
    command.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help=f"default: {SECONDS}")
    command.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"default: {ROUNDS}")
    options = command.parse_args(arguments)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        servers = _start(stack)
        print(f"\nbytes per idle connection, of {IDLE}")
        for name in (BARE, "SQLite"):  # first: later, they reuse the memory of earlier connections
            try:
                print(f"  {name:28} {asyncio.run(_rest(servers[name])):9,.0f}", flush=True)
            except FAILURES as error:
                print(f"  {name:28} not measured: {error}", flush=True)
        print(
            f"\ndeliveries a second, p50 and p99 in ms, processor in µs each; best of {options.rounds} rounds in turn"
        )
        for members in options.members:
            best: dict[str, list[float]] = {}
            cost: dict[str, float] = {}
            for _ in range(options.rounds):
                for name, server in servers.items():
                    try:
                        *found, each = asyncio.run(_deliver(server, members, options.seconds))
                    except FAILURES as error:
                        print(f"  {members:5} members  {name:28} not measured: {error}", flush=True)
                        continue
                    best[name] = max(best.get(name, found), found)
                    cost[name] = min(cost.get(name, each), each)
            for name, (rate, middle, late) in best.items() if BARE in best else ():
                speed = f"{rate:9,.0f} {rate / best[BARE][0]:6.2f} ×  {middle:8.1f} {late:8.1f}"
                times = f"{cost[name] * 1e6:8.1f} {cost[BARE] / cost[name]:6.2f} ×"
                print(f"  {members:5} members  {name:28} {speed} {times}", flush=True)
    return 0


def _start(stack: ExitStack) -> dict[str, Server]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = stack.enter_context(postgresql())
    urls = [stack.enter_context(empty_database(server)) for _ in range(2)]
    sqlite, postgres = (
        stack.enter_context(Command(each, *LIMITS, real=True)) for each in (folder / "chat.db", urls[0])
    )
    several = stack.enter_context(processes(2, urls[1], stack.enter_context(redis()).url, *LIMITS))
    return {
        BARE: stack.enter_context(_bare()),
        ALONE: stack.enter_context(_bare("--hub")),
        "SQLite": _server(sqlite),
        "PostgreSQL": _server(postgres),
        "PostgreSQL + Redis, 2 proc.": _server(*several),
    }


def _server(*commands: Command) -> Server:
    instances, api = ([url for each in commands for url in each.ready[kind]] for kind in ("instances", "api"))
    return Server(instances, api, [each.process.pid for each in commands])


@contextmanager
def _bare(*options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.bench.bare", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Server(json.loads(process.stdout.readline())["instances"], [], [process.pid])
    finally:
        process.kill()
        process.communicate()


async def _comes(event: asyncio.Event, lost: asyncio.Future[None], what: str) -> None:
    """Wait for an event; a connection that is lost, an error and a long wait end the measurement."""
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.wait([waiting, lost], timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    if lost.done():
        waiting.cancel()
        await lost
    if not waiting.done():
        waiting.cancel()
        raise TimeoutError(f"{what}: not done within {PATIENCE_S:.0f} s")


async def _enter(server: Server, members: int, hear, lost: asyncio.Future[None]) -> tuple[list[Wire], UUID]:
    """Connect so many users, and let them join a conversation when all are there: nobody hears the others come."""
    users = [uuid4() for _ in range(members)]
    wires = []
    for index, user_id in enumerate(users):
        url = server.instances[index % len(server.instances)]
        wires.append(await open_wire(f"{url}?token={token(user_id)}" if server.api else url, hear, lost))
    if not server.api:
        return wires, users[0]
    async with Chat(server.instances, server.api) as chat:
        conversation_id = await chat.conversation(roles=dict.fromkeys(users, "member"))
    joined = asyncio.Event()
    waiting, rest = len(wires), iter(wires)
    request = json.dumps({"type": "JoinConversation", "conversation_id": str(conversation_id)}).encode()

    def hear_joining(wire: Wire, frame: bytes) -> None:
        nonlocal waiting
        if b'"Error"' in frame:  # the server was too busy
            wire.say(request)
        elif b"joined_conversation" in frame:
            waiting -= 1
            for another in islice(rest, 1):
                another.say(request)
        if not waiting:
            joined.set()

    for wire in wires:
        wire.hear = hear_joining
    for wire in islice(rest, JOINING):
        wire.say(request)
    await _comes(joined, lost, "joining")
    for wire in wires:
        wire.hear = hear
    return wires, conversation_id


async def _deliver(server: Server, members: int, seconds: float) -> tuple[float, float, float, float]:
    """Give deliveries a second, the median and the 99th percentile of their milliseconds, and processor seconds."""
    took: list[float] = []
    more, lost = asyncio.Event(), asyncio.get_running_loop().create_future()
    expected = 0

    def hear(_wire: Wire, frame: bytes) -> None:
        if b'"Error"' in frame and not lost.done():
            lost.set_exception(RuntimeError(frame.decode()))
        at = frame.find(b"at=")
        if at >= 0 and b'"NewMessage"' in frame:
            took.append(time.perf_counter() - float(frame[at + 3 : at + 20]))
            if len(took) == expected:
                more.set()

    wires, conversation_id = await _enter(server, members, hear, lost)
    kind = "SendMessage" if server.api else "NewMessage"
    began, before = time.perf_counter(), sum(map(processor, server.pids))
    while time.perf_counter() - began < seconds:
        more.clear()
        expected += WINDOW * members
        for _ in range(WINDOW):
            content = f"at={time.perf_counter():017.6f} Shall we meet at the usual place at eight?"
            body = {"type": kind, "conversation_id": str(conversation_id), "content": content}
            wires[0].say(json.dumps(body).encode())
        await _comes(more, lost, "deliveries")
    rate = len(took) / (time.perf_counter() - began)
    used = sum(map(processor, server.pids)) - before
    for wire in wires:
        wire.close()
    took.sort()
    return rate, took[len(took) // 2] * 1000, took[int(len(took) * 0.99)] * 1000, used / len(took)


async def _rest(server: Server) -> float:
    """Give the bytes that a connection takes which does nothing."""
    before = resident(server.pids[0])
    lost = asyncio.get_running_loop().create_future()
    wires, _ = await _enter(server, IDLE, lambda *_: None, lost)
    found = (resident(server.pids[0]) - before) / IDLE
    for wire in wires:
        wire.close()
    return found
