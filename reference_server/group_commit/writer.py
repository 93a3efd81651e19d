"""The writer: a task that commits the changes of many callers together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from reference_server.group_commit.unit import Batch, Job, Unit
from reference_server.outages import cause_of, is_unanswered
from reference_server.pubsub import conversation_channel, current_change
from reference_server.store.together import Together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.database.protocol import Database, OpenTransaction, P, T, Transaction
    from reference_server.group_commit.publisher import Publisher
    from reference_server.metrics import Metrics

    Result = tuple[Job, object, Exception | None]

logger = logging.getLogger(__name__)

#: The most units of a batch, because all of them wait for its end.
LARGEST = 256
#: Seconds. A change that has waited this long fails, because the database is too busy.
PATIENCE_S = 10.0
CLOSING_S = 1.0


class _Undone(Exception):
    """A job failed after it had written something: the batch is rolled back, and the other jobs run one by one."""

    def __init__(self, job: Job, error: Exception) -> None:
        super().__init__()
        self.job = job
        self.error = error


class GroupCommit:
    """Carries out changes of conversations, many in one transaction.

    Example:
        async with changes.change(conversation_id, user_id):
            message = await changes.write(add_message, …)
            await pubsub.publish(channel, event)  # kept back until the commit
        ...  # now it is committed and published
    """

    def __init__(self, database: Database, publisher: Publisher, metrics: Metrics) -> None:
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._waiting: deque[Job] = deque()
        self._task: asyncio.Task[None] | None = None
        self._transaction: OpenTransaction | None = None

    def change(self, conversation_id: UUID, user_id: UUID | None = None) -> Unit:
        """Give a context for a change of a conversation; it ends when the change is committed and published."""
        return Unit(conversation_channel(conversation_id), conversation_id=conversation_id, user_id=user_id)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the store within the current change, or in a transaction of its own if there is none."""
        unit = current_change.get()
        if not isinstance(unit, Unit):
            return await self._database.write(transaction, *args, **kwargs)

        def call(connection: Connection) -> T:
            return transaction(connection, *args, **kwargs)

        if unit.is_open:
            assert self._transaction is not None
            return await self._transaction.run(_nested, call)
        job = Job(unit, call, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), context=Context())
        try:
            result: T = await job.outcome
        except asyncio.CancelledError:
            if job.outcome.cancelled() or job.outcome.exception() is not None:
                raise
            unit.is_cancelled = True  # too late: the change is made, and its notices have to be sent
            result = job.outcome.result()
        return result

    async def close(self) -> None:
        """Wait for the changes that have begun, for at most a second: the database may not answer."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CLOSING_S)

    async def _work(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST))]
            await self._carry_out(taken)

    async def _carry_out(self, jobs: Sequence[Job]) -> None:
        """Carry out the jobs that are still wanted; if one fails after a write, run the others one by one."""
        jobs = [job for job in jobs if _is_wanted(job)]
        if not jobs:
            return
        try:
            await self._commit(jobs)
        except Exception as error:
            again = isinstance(error, _Undone) or (len(jobs) > 1 and cause_of(error) is None)
            if isinstance(error, _Undone):
                _settle(error.job, error=error.error)
            for job in jobs:
                if again:
                    await self._carry_out([job])
                else:
                    _settle(job, error=error)

    async def _commit(self, jobs: Sequence[Job]) -> None:
        """Run the jobs in one transaction, let their units end, commit, publish."""
        self._metrics.batch.observe(len(jobs))
        batch, is_committing = Batch(), False
        try:
            async with self._database.transaction() as transaction:
                results, positions = await transaction.run(_run_all, jobs)
                for job in jobs:
                    if (
                        job.outcome.cancelled()
                    ):  # no job has a result yet: continue as if this one had not been requested
                        raise _Undone(job, asyncio.InvalidStateError())
                self._transaction = transaction
                for job, result, error in results:
                    if error is None:
                        batch.add(job.unit)
                    _settle(job, result, error)
                await batch.ended()
                if self._publisher.records:
                    await transaction.run(self._publisher.record, batch.units, positions)
                is_committing = True
        except BaseException as error:
            batch.finish(error)
            if is_committing and is_unanswered(error):
                self._publisher.doubt(batch.units)
            raise
        try:
            await self._publisher.publish(batch.units)
        except Exception:
            logger.exception("committed changes could not be published")
        batch.finish()


def _is_wanted(job: Job) -> bool:
    """Say whether somebody still waits for the job; a job that has waited too long fails."""
    if not job.outcome.done() and time.monotonic() - job.asked >= PATIENCE_S:
        _settle(job, error=TimeoutError("The database was locked, or too busy, for too long."))
    return not job.outcome.done()


def _settle(job: Job, result: object = None, error: Exception | None = None) -> None:
    """Give a job its outcome, if it has none."""
    if job.outcome.done():
        return
    if error is None:
        job.outcome.set_result(result)
    else:
        job.outcome.set_exception(error)


def _run_all(connection: Connection, jobs: Sequence[Job]) -> tuple[list[Result], Mapping[UUID, int]]:
    """Run the jobs one after the other; give their results or errors, and the last positions of the conversations."""
    together = Together(connection)
    together.expect({(job.unit.conversation_id, job.unit.user_id) for job in jobs})
    results: list[Result] = []
    for job in jobs:
        before = together.writes
        try:
            results.append((job, job.call(together.connection), None))
        except Exception as error:
            if cause_of(error) is not None:
                raise
            if together.writes != before or isinstance(error, DBAPIError):
                raise _Undone(job, error) from error
            results.append((job, None, error))
    together.flush()
    return results, together.positions


def _nested(connection: Connection, call: Callable[[Connection], T]) -> T:
    """Run one more write of a unit; its failure does not undo the others."""
    with connection.begin_nested():
        return call(connection)
