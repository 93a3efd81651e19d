"""Runs scenarios against a target, several at a time, and gives each result to a sink as soon as it exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.run.options import settled
from conformance.engine.run.order import in_order
from conformance.engine.run.schedule import Schedule
from conformance.engine.run.state import Phase
from conformance.engine.supervise.supervised_run import SupervisedRun
from conformance.engine.supervise.watchdog import Watchdog
from conformance.results.model import Calibration, Observation, Outcome, Result
from conformance.target.provision import open_provisioner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from conformance.engine.run.options import Options
    from conformance.engine.run.state import RunState
    from conformance.scenario.model import Probe, Scenario
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner

Sink = Callable[[Calibration | Result | Observation], None]
"""Receives everything that a run gives, in order."""
RETRIED = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.BROKEN})
"""What another attempt may end otherwise."""
OVERHEARD = (
    "a user who is in no conversation heard what was said in one: the scenarios ran one at a time, so that none heard"
    " another"
)
"""The note of a run on a server that broadcasts everything to everybody."""


async def run(
    spec: Spec,
    target: Target,
    scenarios: Sequence[Scenario],
    probes: Iterable[Probe],
    options: Options,
    sink: Sink,
    state: RunState,
    restart: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Calibrate, run all scenarios, observe the probes; `state` is up to date also when the run is cancelled."""
    throttle, pacer = target.throttle, Pacer(spec, target)
    async with AsyncExitStack() as stack:
        provisioner = await stack.enter_async_context(
            noted(open_provisioner(target, spec.protocol.default_role), state)
        )
        with Phase(state, "calibration"):
            calibration = await calibrate(spec, target, provisioner, options.time_scale, throttle, state.used, pacer)
        sink(calibration)
        run_context = RunContext(
            spec=spec,
            target=target,
            calibration=calibration,
            provisioner=provisioner,
            pacer=pacer,
            time_scale=options.time_scale,
            restart=restart,
            secrets=target.keys,
            used=state.used,
            throttle=throttle,
            bystanders=bool(settled(options, target).bystanders),
        )
        jobs = 1 if calibration.overhears else options.jobs
        if jobs < options.jobs:
            state.notes = (*state.notes, OVERHEARD)
        watchdog = await stack.enter_async_context(Watchdog(run_context))
        run_context = replace(run_context, restart=restart and watchdog.restart)
        latest: dict[str, Outcome] = {}

        def give(record: Result | Observation) -> None:
            sink(record)
            if isinstance(record, Result):
                latest[record.scenario] = record.outcome
                _count(record, spec, options, state)

        schedule = Schedule(SupervisedRun(run_context, watchdog, give), state, jobs)
        arranged = in_order(scenarios, options.order)
        await schedule.run(arranged, probes, options.repeat)
        for attempt in range(options.repeat + 1, options.repeat + options.retry_failed + 1):
            await schedule.retry([one for one in arranged if latest.get(one.id) in RETRIED], attempt)
        await schedule.run_postponed()


@asynccontextmanager
async def noted(opening: AbstractAsyncContextManager[Provisioner], state: RunState) -> AsyncIterator[Provisioner]:
    """Open a provisioner, and keep its notes once it is closed, however the run ends."""
    provisioner = None
    try:
        async with opening as provisioner:
            yield provisioner
    finally:
        if provisioner is not None:
            state.notes = (*state.notes, *provisioner.notes())


def _count(result: Result, spec: Spec, options: Options, state: RunState) -> None:
    if result.outcome is Outcome.FAIL and any(spec.rules[rule].level == "must" for rule in result.rules):
        state.failures += 1
        if state.failures == options.max_failures:
            state.stopped = f"stopped after {state.failures} failures (--max-failures)"
