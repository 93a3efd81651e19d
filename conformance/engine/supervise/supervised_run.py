"""Runs scenarios and probes under the watchdog; passes on each believable result, at once or after a second run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.scenario_run.run_scenario import observe, run_scenario
from conformance.results.model import Outcome, Problem, Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.run_context import RunContext
    from conformance.engine.supervise.watchdog import Watchdog
    from conformance.results.model import Observation
    from conformance.scenario.model import Probe, Scenario

WELL = (Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(slots=True)
class SupervisedRun:
    """The scenarios and probes of one run of the command; `give` takes each result and each observation once.

    `postponed` has those whose target was lost, or may have been lost; `run_postponed` runs them after all others.
    """

    run_context: RunContext
    watchdog: Watchdog
    give: Callable[[Result | Observation], None]
    postponed: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    culprits: int = 0
    changed: list[str] = field(default_factory=list)
    stopped: str = ""

    async def scenario(self, one: Scenario, attempt: int) -> None:
        """Run a scenario."""
        result, believed = await self._attempt(one, attempt)
        if result is not None and believed:
            self.give(result)
        else:
            self.postponed.append(partial(self._scenario_again, one, attempt, result))

    async def probe(self, probe: Probe) -> None:
        """Run a probe."""
        seen, believed = await self._observe(probe)
        if seen is not None and believed:
            self.give(seen)
        else:
            self.postponed.append(partial(self._probe_again, probe))

    async def run_postponed(self, stopped: str) -> None:
        """Run what was postponed, one at a time; if the run has `stopped`, give each of them as not judged."""
        self.stopped = stopped
        for begin in self.postponed:
            await begin()
        if self.watchdog.returns and not self.culprits:
            self.watchdog.call_incomplete(
                f"the target was lost while {self.watchdog.suspects} ran ({self.watchdog.seen}), and came back; "
                "run again, none of them brings the target down"
            )
        elif self.changed and not self.culprits:
            self.watchdog.call_incomplete(
                f"connections were dropped while {', '.join(self.changed[:8])} ran ({self.watchdog.seen}), "
                "and not when again"
            )

    async def _scenario_again(self, one: Scenario, attempt: int, before: Result | None) -> None:
        self.stopped = self.stopped or self.watchdog.stopped
        if self.stopped:
            self.give(self._not_judged(one, attempt, before))
            return
        result, believed = await self._attempt(one, attempt, again=True)
        self.stopped = self.stopped or self.watchdog.stopped
        if result is None:
            self.give(self._not_judged(one, attempt, before))
        elif believed:
            dropped = before is not None and one.id not in self.watchdog.slowed
            if dropped and before is not None and before.outcome is not result.outcome:
                self.changed.append(one.id)
            self.give(result)
        else:
            self.culprits += 1
            message = (
                "the whole server was lost while this ran, twice, the second time with nothing beside it: "
                f"{self.watchdog.seen}"
            )
            problem = Problem(message, self._file(one), one.line)
            self.give(replace(result, outcome=Outcome.FAIL, problems=(problem, *result.problems)))

    async def _probe_again(self, probe: Probe) -> None:
        if not (self.stopped or self.watchdog.stopped):
            seen, _ = await self._observe(probe, again=True)
            if seen is not None and not self.watchdog.stopped:
                self.give(seen)

    async def _attempt(self, one: Scenario, attempt: int, *, again: bool = False) -> tuple[Result | None, bool]:
        watch = self.watchdog.watch(one.id)
        run_context = replace(self.run_context, reachability=watch.reachability)
        result = await self.watchdog.run_when_reachable(watch, lambda: run_scenario(one, run_context, attempt))
        well = result is not None and result.outcome in WELL
        return result, await self.watchdog.believes(watch, well=well, again=again)

    async def _observe(self, probe: Probe, *, again: bool = False) -> tuple[Observation | None, bool]:
        watch = self.watchdog.watch(probe.id)
        run_context = replace(self.run_context, reachability=watch.reachability)
        seen = await self.watchdog.run_when_reachable(watch, lambda: observe(probe, run_context))
        return seen, await self.watchdog.believes(watch, well=True, again=again)

    def _not_judged(self, one: Scenario, attempt: int, seen: Result | None) -> Result:
        """Give the result of a scenario whose target is gone: BLOCKED, which says nothing against the server."""
        problem = Problem(f"not judged: {self.stopped}", self._file(one), one.line)
        if seen is None:
            return Result(one.id, one.feature, one.rules, Outcome.BLOCKED, 0.0, (problem,), attempt=attempt)
        return replace(seen, outcome=Outcome.BLOCKED, problems=(problem, *seen.problems), findings=())

    def _file(self, one: Scenario) -> str:
        return self.run_context.spec.place(one.file)
