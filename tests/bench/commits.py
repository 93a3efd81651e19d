"""Durable sends: group commit beside one transaction for each, in one run on each engine.

All wait for the disk. Each caller waits for one message before it sends the next, so that a group is at most as large
as their number.

The yardstick is what an application does that stores one ORM row per transaction, through SQLAlchemy's ORM, with the
same tables, callers and settings of durability. Its rows are checked by nobody; ours are checked for role and order.
Both ways pay for the index of search within their transactions, on SQLite by its trigger.

Each round measures all ways in turn, and the ratios are medians of the rounds: whatever else the machine does slows all
ways of a round. Processor time is that of this process; on a busy machine, it says more than the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from reference_server.database import PostgresDatabase, open_database
from reference_server.events import encode
from reference_server.group_commit.publisher import Direct
from reference_server.group_commit.writer import GroupCommit
from reference_server.handlers.messages import _new_message, _send
from reference_server.journal.bus import JournalBus
from reference_server.journal.publisher import Journal
from reference_server.messages import SendMessage
from reference_server.metrics import Metrics
from reference_server.models import Message
from reference_server.permissions import Role, Visibility
from reference_server.pubsub import Event, InMemoryPubSub, conversation_channel
from reference_server.redis.client import open_redis
from reference_server.store import conversations
from tests.engines.postgresql import empty_database, postgresql
from tests.engines.redis import redis

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from reference_server.database import Database

    Send = Callable[[UUID, UUID], Awaitable[object]]

CALLERS = (64, 256)
ROUNDS = 5
SECONDS = 1.0
CONTENT = "Shall we meet at the usual place at eight?"
NAIVE = "one ORM row per transaction"


def main(arguments: Sequence[str]) -> int:
    """Measure on both engines and print the rates and their ratios."""
    command = argparse.ArgumentParser(prog="python -m tests.bench commits", description=__doc__)
    command.add_argument("--callers", type=int, nargs="+", default=CALLERS, metavar="N", help=f"default: {CALLERS}")
    command.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"default: {ROUNDS}")
    command.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help=f"of a round; default: {SECONDS}")
    options = command.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgresql())
        redis_url = stack.enter_context(redis()).url
        for callers in options.callers:
            asyncio.run(_measure(f"sqlite:///{folder}/{callers}.db", redis_url, callers, options))
            with empty_database(server) as url:
                asyncio.run(_measure(url, redis_url, callers, options))
    return 0


async def _measure(url: str, redis_url: str, callers: int, options: argparse.Namespace) -> None:
    database = open_database(url)
    await database.prepare()
    users = [uuid4() for _ in range(callers)]
    roles = dict.fromkeys(users, Role.MEMBER) | {users[0]: Role.OWNER}
    places = [await database.write(conversations.create, None, Visibility.PRIVATE, roles) for _ in users]
    pubsub = InMemoryPubSub()
    changes = GroupCommit(database, Direct(pubsub), Metrics())
    ways: dict[str, tuple[Send, list[UUID]]] = {
        "group commit, a conversation each": (_grouped(changes, pubsub), places),
        "group commit, one conversation": (_grouped(changes, pubsub), places[:1] * len(places)),
    }
    bus = None
    if isinstance(database, PostgresDatabase):
        engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
        ways = {NAIVE: (_naive(engine), places), **ways}
        bus = JournalBus(open_redis(redis_url), database, lambda *_: None, Metrics())
        await bus.start()
        journalled = GroupCommit(database, Journal(bus), Metrics())
        ways["group commit, with journal and Redis"] = _grouped(journalled, bus), places
    else:
        ways = {NAIVE: (_naive_in_a_thread(database), places), **ways}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, (send, where) in ways.items():
            rate, cost = await _rate(send, list(zip(where, users, strict=True)), options.seconds)
            rates[name].append(rate)
            costs[name].append(cost)
    print(f"\ndurable sends, {callers} callers, {database.engine} (medians of {options.rounds} rounds)")
    for name in ways:
        faster = median(each / naive for each, naive in zip(rates[name], rates[NAIVE], strict=True))
        cheaper = median(naive / each for each, naive in zip(costs[name], costs[NAIVE], strict=True))
        speed = f"{median(rates[name]):8,.0f} a second {faster:5.1f} ×"
        print(f"  {name:38} {speed} {median(costs[name]) * 1e6:6.0f} µs of processor {cheaper:5.1f} ×", flush=True)
    await changes.close()
    if bus is not None:
        await journalled.close()
        await bus.close()
        await engine.dispose()
    await database.close()


async def _rate(send: Send, callers: Sequence[tuple[UUID, UUID]], seconds: float) -> tuple[float, float]:
    """Let each caller send, one message after the other; give how many are durable per second, and what one costs."""
    done = 0
    end = time.perf_counter() + seconds

    async def caller(conversation_id: UUID, user_id: UUID) -> None:
        nonlocal done
        while not done or time.perf_counter() < end:
            await send(conversation_id, user_id)
            done += 1

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller(*one) for one in callers))
    return done / (time.perf_counter() - began), (time.process_time() - used) / done


def _row(conversation_id: UUID, user_id: UUID) -> Message:
    now = datetime.now(UTC)
    return Message(
        id=uuid4(),
        conversation_id=conversation_id,
        sender_id=user_id,
        content=CONTENT,
        folded=CONTENT.casefold(),
        attachments=[],
        created_at=now,
        changed_at=now,
    )


def _naive(engine) -> Send:
    async def send(conversation_id: UUID, user_id: UUID) -> None:
        async with AsyncSession(engine) as session:
            session.add(_row(conversation_id, user_id))
            await session.commit()

    return send


def _naive_in_a_thread(database: Database) -> Send:
    """The same with the ORM in the writer's thread."""
    from sqlalchemy.orm import Session

    def add(connection, conversation_id: UUID, user_id: UUID) -> None:
        with Session(connection) as session:
            session.add(_row(conversation_id, user_id))
            session.flush()

    async def send(conversation_id: UUID, user_id: UUID) -> None:
        await database.write(add, conversation_id, user_id)

    return send


def _grouped(changes: GroupCommit, pubsub) -> Send:
    requests: dict[UUID, SendMessage] = {}

    async def send(conversation_id: UUID, user_id: UUID) -> None:
        request = requests.get(conversation_id)
        if request is None:
            request = SendMessage(type="SendMessage", conversation_id=conversation_id, content=CONTENT)
            requests[conversation_id] = request
        async with changes.change(conversation_id, user_id):
            message = await changes.write(_send, request, user_id)
            await pubsub.publish(conversation_channel(conversation_id), Event(encode(_new_message(message))))

    return send
