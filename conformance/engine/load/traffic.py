"""Runs scenarios as traffic in one event loop, and counts how they end and how long the server takes."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.context.reachability import Reachability
from conformance.engine.load.judge import judge
from conformance.engine.load.measure import Measurer
from conformance.engine.scenario_run.bystanders import with_bystanders
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.engine.supervise.reaching import ask
from conformance.errors import AskedToLeave, BudgetSpent, MachineFailed
from conformance.results.load.histogram import Histogram
from conformance.results.load.tally import Tally
from conformance.results.model import Outcome
from conformance.target.throttle.connection_count import connection_count
from conformance.wire.lateness import Lateness

if TYPE_CHECKING:
    from conformance.engine.context.run_context import RunContext
    from conformance.engine.load.job import Job
    from conformance.engine.load.measure import Measured

MOST_LOST = 20
"""After this many scenarios in a row that lost connections or could not be prepared, the server is checked."""
DRAIN = 15.0
"""Seconds that running scenarios may take after the load is over; longer ones are not counted."""


class Traffic:
    """The scenarios of one process. `stopped` says why no further ones begin (empty: they do).

    `take` may be called from any thread, `run_one` and `drain` only in the event loop.
    """

    def __init__(self, run_context: RunContext, job: Job) -> None:
        self.stopped = ""
        self._run = replace(run_context, lateness=Lateness())
        self._scenarios = {id_: run_context.spec.scenarios[id_] for id_ in job.mix.ids}
        self._known = {id_: frozenset(causes) for id_, causes in job.known.items()}
        self._room = max(1, -(-job.shape.users // job.workers))
        self._open_model = job.shape.rate is not None
        self._measurer = Measurer(run_context.spec)
        self._tally = Tally()
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = 0
        self._cpu = time.process_time()

    async def run_one(self, id_: str) -> None:
        """Run a scenario once; in the open model, only if there is room for one more."""
        if self.stopped:
            await asyncio.sleep(0.2)  # A sleep: a user whose work is over asks again at once.
            return
        if self._open_model and len(self._tasks) >= self._room:
            with self._lock:
                self._tally.dropped += 1
            return
        task = asyncio.create_task(self._run_one(id_))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task})

    async def drain(self) -> None:
        """Wait until the scenarios under way have ended, and cancel those that take too long."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=DRAIN * self._run.time_scale)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
                with self._lock:
                    for _ in late:
                        self._tally.leave("it had not ended when the load was over")

    def take(self) -> Tally:
        """Give what was counted since the last call."""
        now, late = time.process_time(), self._run.lateness
        with self._lock:
            taken, self._tally = self._tally, Tally()
        taken.cpu_seconds, self._cpu = now - self._cpu, now
        taken.late = late.worst
        return taken

    async def _run_one(self, id_: str) -> None:
        scenario = self._scenarios[id_]
        reachability = Reachability()
        run_context = replace(self._run, reachability=reachability)
        try:
            async with self._run.throttle.admit(connection_count(with_bystanders(scenario, run_context))):
                result = await run_scenario(scenario, run_context)
        except (BudgetSpent, AskedToLeave, MachineFailed) as error:
            self.stopped = self.stopped or str(error)
            return
        measured = self._measurer.measure(result)
        ignored = {self._run.spec.protocol.isolation_rule} if self._run.calibration.overhears else set()
        with self._lock:
            self._count(measured)
            judge(
                result,
                self._tally,
                known=self._known.get(id_, frozenset()),
                ignored=ignored,
                limited=bool(sum(measured.limited.values())),
                too_slow=reachability.too_slow,
            )
        unprepared = result.problems[0].message if result.outcome is Outcome.UNTESTABLE and result.problems else ""
        self._lost = self._lost + 1 if reachability.lost or unprepared else 0
        if self._lost >= MOST_LOST and not self.stopped:
            self._lost = 0
            gone = (await ask(self._run)).gone or unprepared
            if gone:
                self.stopped = f"the target was lost under the load: {gone}"

    def _count(self, measured: Measured) -> None:
        for kind, seconds in measured.replies:
            self._tally.replies.setdefault(kind, Histogram()).add(seconds)
        for kind, seconds in measured.deliveries:
            self._tally.deliveries.setdefault(kind, Histogram()).add(seconds)
        self._tally.sent.update(measured.sent)
        self._tally.refused.update(measured.refused)
        self._tally.limited.update(measured.limited)
        self._tally.doubled.update(measured.doubled)
