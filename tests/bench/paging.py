"""What a page of history, sync and search costs in a conversation of so many messages, on each engine in one run."""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from contextlib import ExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, bindparam, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from reference_server.database import Database, open_database, search_index
from reference_server.folding import fold
from reference_server.models import CONVERSATIONS, MESSAGES
from reference_server.permissions import Role, Visibility
from reference_server.store import conversations, many, messages
from tests.engines.postgresql import empty_database, postgresql

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

ENGINES = ("sqlite", "postgresql")
SIZES = (1_000, 100_000)
TIMES = 15
PAGE = 50
CHUNK = 10_000
#: So many messages are made up; more are copies of them.
WRITTEN = 100_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = [
    "the",
    "usual",
    "place",
    "at",
    "eight",
    "shall",
    "we",
    "meet",
    "tomorrow",
    "or",
    "rather",
    "today",
    "because",
    "nobody",
    "wrote",
    "about",
    "lunch",
    "yet",
]
#: Said once in so many messages. `qx` is two letters, and `q` one: both are read without an index.
RARE = {"needle in hay": 10_000, "sometimes": 100}


def main(arguments: Sequence[str]) -> int:
    """Fill a conversation on each engine, and print milliseconds a page."""
    command = argparse.ArgumentParser(prog="python -m tests.bench paging", description=__doc__)
    command.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help=f"default: {SIZES}")
    command.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES, help="default: both")
    command.add_argument("--times", type=int, default=TIMES, metavar="N", help=f"of each page; default: {TIMES}")
    options = command.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(postgresql()) if "postgresql" in options.engines else None
        figures = {}
        for size in options.sizes:
            for engine in options.engines:
                url = f"sqlite:///{Path(folder)}/{size}.db"
                with nullcontext(url) if engine == "sqlite" else empty_database(server) as where:
                    figures[engine, size] = asyncio.run(_measure(where, size, options.times))
    print("\nmilliseconds a page, median; one conversation, pages of", PAGE)
    print(f"  {'':28}" + "".join(f"{engine + f' {size:,}':>22}" for engine, size in figures))
    for what in next(iter(figures.values())):
        print(f"  {what:28}" + "".join(f"{found[what]:22.2f}" for found in figures.values()))
    return 0


async def _measure(url: str, size: int, count: int) -> dict[str, float]:
    database = open_database(url)
    await database.prepare()
    lobby = await database.write(conversations.create, None, Visibility.PRIVATE, {uuid4(): Role.OWNER})
    began = time.perf_counter()
    async with _patient(database, url) as write:
        await write(_drop_indexes)
        for start in range(0, min(size, WRITTEN), CHUNK):
            await write(_fill, lobby, range(start, min(size, start + CHUNK)))
        for start in range(WRITTEN, size, WRITTEN):
            await write(_copy, start, min(size - start, WRITTEN))
        await write(_create_indexes)
    filling = (time.perf_counter() - began) / size * 1000
    middle = BEGAN + timedelta(seconds=size // 2)
    pages: dict[str, tuple[Any, ...]] = {
        "history, newest": (messages.history, lobby, None, PAGE),
        "history, from the middle": (messages.history, lobby, middle, PAGE),
        "sync, from the middle": (messages.changes, lobby, middle, PAGE),
        "search, 1 in 10,000": (messages.search, lobby, "NEEDLE in", PAGE, 0),
        "search, 1 in 100": (messages.search, lobby, "sometimes", PAGE, 0),
        "search, nothing": (messages.search, lobby, "nowhere to be found", PAGE, 0),
        "search, 2 letters": (messages.search, lobby, "zq", PAGE, 0),
        "search, 1 letter": (messages.search, lobby, "z", PAGE, 0),
    }
    found = {name: await _median(count, database, *page) for name, page in pages.items()}
    await database.close()
    return {**found, "filling, a message": filling}


async def _median(count: int, database: Database, *page: Any) -> float:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await database.read(*page)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


@asynccontextmanager
async def _patient(database: Database, url: str) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Give a function that writes without the server's limits of time, which a large index exceeds."""
    if database.engine == "sqlite":
        yield database.write
        return
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))

    async def write(function: Callable[..., Any], *about: Any) -> Any:
        async with engine.begin() as connection:
            return await connection.run_sync(function, *about)

    yield write
    await engine.dispose()


def _copy(connection: Connection, start: int, count: int) -> None:
    """Write the first messages once more, at later moments: Python would take ten times as long for a million."""
    if connection.dialect.name == "postgresql":
        new_id, stamp = "gen_random_uuid()", "created_at + make_interval(secs => :start)"
    else:
        new_id = "lower(hex(randomblob(16)))"
        stamp = "strftime('%Y-%m-%d %H:%M:%S', created_at, :start || ' seconds') || '.000000'"
    connection.execute(
        text(f"""
            INSERT INTO message (id, conversation_id, sender_id, content, folded, attachments, created_at, changed_at)
            SELECT {new_id}, conversation_id, sender_id, content, folded, attachments, {stamp}, {stamp}
            FROM message WHERE created_at < :until
        """).bindparams(bindparam("until", type_=MESSAGES.c.created_at.type)),
        {"start": start, "until": BEGAN + timedelta(seconds=count)},
    )


def _drop_indexes(connection: Connection) -> None:
    """Fill the table without its indexes: to build them at the end takes much less time."""
    for index in MESSAGES.indexes:
        index.drop(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP INDEX ix_message_search"))
        return
    for name in ("add", "change", "remove"):
        connection.execute(text(f"DROP TRIGGER message_search_{name}"))
    connection.execute(text("DROP TABLE message_search"))


def _create_indexes(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    for index in MESSAGES.indexes:
        index.create(connection)
    search_index.create(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE message"))  # as autovacuum does


def _fill(connection: Connection, lobby: UUID, numbers: range) -> None:
    chosen = random.Random(numbers.start)
    rows = []
    for number in numbers:
        content = " ".join(chosen.choices(WORDS, k=8)) + "".join(f" {t}" for t, n in RARE.items() if number % n == 0)
        stamp = BEGAN + timedelta(seconds=number)
        row = {"id": uuid4(), "conversation_id": lobby, "sender_id": lobby, "content": content, "attachments": []}
        row |= {"folded": fold(content), "created_at": stamp, "changed_at": stamp}
        rows.append(row | {"parent_id": None, "edited_at": None, "deleted_at": None})
    many.write(connection, MESSAGES, rows, CONVERSATIONS.c.last_stamp, {lobby: stamp})
