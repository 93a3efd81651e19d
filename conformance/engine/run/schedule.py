"""Decides when each scenario of a run starts: several at a time, then what runs alone, then what runs again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.run.pool import pool
from conformance.engine.run.state import Phase
from conformance.engine.scenario_run.bystanders import with_bystanders
from conformance.errors import AskedToLeave, BudgetSpent
from conformance.target.throttle.connection_count import connection_count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from conformance.engine.run.state import RunState
    from conformance.engine.supervise.supervised_run import SupervisedRun
    from conformance.scenario.model import Probe, Scenario

    _Work = tuple[Scenario, Callable[[], Awaitable[None]]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Starts scenarios and probes, at most `jobs` at a time, until `state` says that the run has stopped."""

    supervised: SupervisedRun
    state: RunState
    jobs: int

    async def run(self, scenarios: Sequence[Scenario], probes: Iterable[Probe], repeat: int) -> None:
        """Run each scenario `repeat` times, and each probe once."""
        work = [self._attempt(one, number) for number in range(1, repeat + 1) for one in scenarios]
        work += [self._observation(probe) for probe in probes]
        with Phase(self.state, "together"):
            shared = sorted((one for one in work if not one[0].exclusive), key=lambda one: "slow" not in one[0].tags)
            await pool([begin for _, begin in shared], self.jobs)
        with Phase(self.state, "alone"):
            # One acts at a time (`ExclusiveSlot`); others act while it waits for a timer. A restart would end them all.
            alone = [(one, begin) for one, begin in work if one.exclusive]
            jobs = len(alone) if self.jobs > 1 else 1
            await pool([begin for one, begin in alone if "restart" not in one.needs], jobs)
            await pool([begin for one, begin in alone if "restart" in one.needs], 1)

    async def retry(self, scenarios: Iterable[Scenario], number: int) -> None:
        """Run scenarios once more, as attempt `number`."""
        work = [self._attempt(one, number) for one in scenarios]
        with Phase(self.state, "retried"):
            await pool([begin for one, begin in work if not one.exclusive], self.jobs)
            await pool([begin for one, begin in work if one.exclusive], 1)

    async def run_postponed(self) -> None:
        """Run again what the watchdog did not believe, one at a time; the state then says what it found."""
        state, watchdog = self.state, self.supervised.watchdog
        with Phase(state, "again"):
            try:
                await self.supervised.run_postponed(state.stopped)
                if not (state.stopped or watchdog.stopped):
                    await watchdog.calibrate_again()
            except (BudgetSpent, AskedToLeave) as error:
                state.stopped = state.stopped or str(error)
            state.stopped, state.doubts = state.stopped or watchdog.stopped, watchdog.doubts
            state.remarks = tuple(watchdog.notes())

    def _attempt(self, one: Scenario, number: int) -> _Work:
        return one, partial(self._admit, one, partial(self.supervised.scenario, one, number))

    def _observation(self, probe: Probe) -> _Work:
        return probe.scenario, partial(self._admit, probe.scenario, partial(self.supervised.probe, probe))

    async def _admit(self, one: Scenario, begin: Callable[[], Awaitable[None]]) -> None:
        """Begin as soon as the throttle has room for its connections, unless the run has stopped by then."""
        state, run_context = self.state, self.supervised.run_context
        try:
            async with run_context.throttle.admit(connection_count(with_bystanders(one, run_context))):
                if not state.stopped:
                    await begin()
                state.stopped = state.stopped or self.supervised.watchdog.stopped
        except (BudgetSpent, AskedToLeave) as error:
            state.stopped = state.stopped or str(error)
