"""Says what a slow recovery waits for: senders without an answer, statements of PostgreSQL, the last log lines."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.survival.engines import Postgres, Process

#: A recovery that takes longer is looked into.
SLOW_S = 5.0
LINES = 5
_STATEMENTS = text("""
    SELECT pid, state, coalesce(wait_event_type || '/' || wait_event, 'runs') AS waits, pg_blocking_pids(pid) AS behind,
           round(extract(epoch FROM clock_timestamp() - state_change)::numeric, 1) AS seconds, left(query, 80) AS query
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()
""")


async def explain_after(
    seconds: float, senders: Callable[[], list[str]], processes: Sequence[Process], postgres: Postgres | None
) -> None:
    """Print what is waited for, once so much time has passed; a quicker recovery cancels it."""
    await asyncio.sleep(seconds)  # A sleep: this is the timer itself.
    for line in await asyncio.to_thread(_look, senders(), processes, postgres):
        print(f"    slow: {line}", flush=True)


def _look(senders: list[str], processes: Sequence[Process], postgres: Postgres | None) -> list[str]:
    found = [f"no answer for {', '.join(senders)}"]
    if postgres is not None:
        engine = create_engine(postgres.url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
        with suppress(SQLAlchemyError), engine.connect() as connection:
            found += [f"PostgreSQL: {dict(row._mapping)}" for row in connection.execute(_STATEMENTS)]
    for process in processes:
        lines = process.log.read_text(errors="replace").splitlines()[-LINES:]
        found += [f"{process.log.stem}: {line[:200]}" for line in lines]
    return found
