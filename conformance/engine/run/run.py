"""Plays a selection of scenarios against a target, several at a time, and hands each result on as it comes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.run_context import Pacer, RunContext
from conformance.engine.scenario_run.bystanders import with_bystanders
from conformance.engine.supervise.supervised_run import SupervisedRun
from conformance.engine.supervise.watchdog import Watchdog
from conformance.errors import AskedToLeave, BudgetSpent, UsageError
from conformance.results.model import Calibration, Observation, Outcome, Result
from conformance.scenario.selectors import names
from conformance.target.provision import open_provisioner
from conformance.target.throttle.connection_count import connection_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from conformance.scenario.model import Probe, Scenario
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner

Sink = Callable[[Calibration | Result | Observation], None]
"""Takes everything a run gives, in the order in which it comes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to play: ids or globs (none: everything), narrowed by feature, level and rule."""

    patterns: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How to play: how many at a time, how often, in which order, when to give up, how far to stretch every wait.

    `bystanders`: whether people who have no part in a scenario look on; None: where the target does not ration
    connections, of which they take half.
    """

    jobs: int = 8
    repeat: int = 1
    order: str = "id"
    max_failures: int | None = None
    time_scale: float = 1.0
    probes: bool = True
    bystanders: bool | None = None


def settled(options: Options, target: Target) -> Options:
    """Decide what the options leave to the target."""
    if options.bystanders is not None:
        return options
    return replace(options, bystanders=target.throttle.limits.connections_per_second is None)


@dataclass(slots=True)
class RunState:
    """How far a run has come: seconds per phase, why it ended early, or why it is not complete though it did not.

    `used` has the entries of the target's dialect that some frame has taken.
    `notes` are what provisioning has to say at the end: what is left on the target, what was repeated.
    """

    phases: dict[str, float] = field(default_factory=dict)
    stopped: str = ""
    failures: int = 0
    used: set[str] = field(default_factory=set)
    notes: tuple[str, ...] = ()
    doubts: str = ""


def select(spec: Spec, selection: Selection) -> list[Scenario]:
    """Give the selected scenarios in the order of their ids; raises UsageError where a word selects nothing."""
    for feature in selection.features:
        if feature not in spec.features and not any(str(one.number) == feature for one in spec.features.values()):
            raise UsageError(f"there is no feature {feature!r}; `chat-parity list features` shows them")
    for rule in selection.rules:
        if not any(fnmatchcase(known, rule) for known in spec.rules):
            raise UsageError(f"there is no rule {rule!r}; `chat-parity list rules` shows them")
    wrong = unknown_pattern(spec, selection)
    if wrong is not None:
        raise UsageError(f"no scenario is called {wrong!r}; `chat-parity list scenarios` shows them")
    chosen = [one for one in spec.scenarios.values() if _chosen(one, selection, spec)]
    if not chosen:
        raise UsageError("these options together select no scenario")
    return chosen


def unknown_pattern(spec: Spec, selection: Selection) -> str | None:
    """Give the first id or glob that names no scenario; None: each names one."""
    ids = {name for one in spec.scenarios.values() for name in (one.id, one.base)}
    for pattern in selection.patterns:
        if pattern not in ids and not any(names(pattern, one) for one in spec.scenarios):
            return pattern
    return None


def _chosen(scenario: Scenario, selection: Selection, spec: Spec) -> bool:
    feature = spec.features[scenario.feature]
    rules = [spec.rules[rule] for rule in scenario.rules]
    return (
        (not selection.patterns or any(names(one, scenario.id) for one in selection.patterns))
        and (not selection.features or bool({feature.id, str(feature.number)} & set(selection.features)))
        and (not selection.levels or any(rule.level in selection.levels for rule in rules))
        and (not selection.rules or any(fnmatchcase(rule.id, one) for rule in rules for one in selection.rules))
    )


def arrange(scenarios: Sequence[Scenario], order: str) -> list[Scenario]:
    """Put scenarios in the order `id`, `reverse` or `random:SEED`; those that run alone stay last."""
    arranged = sorted(scenarios, key=lambda one: one.id)
    if order == "reverse":
        arranged.reverse()
    elif order.startswith("random:"):
        random.Random(order).shuffle(arranged)  # noqa: S311 -- an order to repeat, not a secret
    elif order != "id":
        raise UsageError(f"--order takes id, reverse or random:SEED, not {order!r}")
    # What waits for a server's timer starts first, so that the others run meanwhile.
    return sorted(arranged, key=lambda one: (one.exclusive, "slow" not in one.tags))


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
    """Calibrate, play everything, observe the probes. `course` is kept up to date, also when the run is cancelled."""
    throttle, pacer = target.throttle, Pacer(spec, target)
    async with AsyncExitStack() as stack:
        opening = noted(open_provisioner(target, spec.protocol.default_role), state)
        provisioner = await stack.enter_async_context(opening)
        with _Phase(state, "calibration"):
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
        watchdog = await stack.enter_async_context(Watchdog(run_context))
        run_context = replace(run_context, restart=restart and watchdog.restart)

        def give(record: Result | Observation) -> None:
            sink(record)
            if isinstance(record, Result):
                _count(record, spec, options, state)

        supervised = SupervisedRun(run_context, watchdog, give)
        arranged = arrange(scenarios, options.order)
        attempts = [(one, attempt) for attempt in range(1, options.repeat + 1) for one in arranged]

        async def visit(one: Scenario, begin: Callable[[], Awaitable[None]]) -> None:
            try:
                async with throttle.visit(connection_count(with_bystanders(one, run_context))):
                    if not state.stopped:
                        await begin()
                    state.stopped = state.stopped or watchdog.stopped
            except (BudgetSpent, AskedToLeave) as error:
                state.stopped = state.stopped or str(error)

        work = [(one, partial(visit, one, partial(supervised.scenario, one, attempt))) for one, attempt in attempts]
        work += [(probe.scenario, partial(visit, probe.scenario, partial(supervised.probe, probe))) for probe in probes]
        with _Phase(state, "together"):
            shared = sorted((one for one in work if not one[0].exclusive), key=lambda one: "slow" not in one[0].tags)
            await _pool([begin for _, begin in shared], options.jobs)
        with _Phase(state, "alone"):
            # One acts at a time (`Floor`), and others while it waits for a timer; but a restart ends them all.
            alone = [(one, begin) for one, begin in work if one.exclusive]
            await _pool(
                [begin for one, begin in alone if "restart" not in one.needs], len(alone) if options.jobs > 1 else 1
            )
            await _pool([begin for one, begin in alone if "restart" in one.needs], 1)
        with _Phase(state, "again"):
            try:
                await supervised.again(state.stopped)
                if not (state.stopped or watchdog.stopped):
                    await watchdog.close()
            except (BudgetSpent, AskedToLeave) as error:
                state.stopped = state.stopped or str(error)
            state.stopped, state.doubts = state.stopped or watchdog.stopped, watchdog.doubts


@asynccontextmanager
async def noted(opening: AbstractAsyncContextManager[Provisioner], state: RunState) -> AsyncIterator[Provisioner]:
    """Open a provisioner, and take its notes when it has been closed, however the run ends."""
    provisioner = None
    try:
        async with opening as provisioner:
            yield provisioner
    finally:
        if provisioner is not None:
            state.notes = tuple(provisioner.notes())


def _count(result: Result, spec: Spec, options: Options, state: RunState) -> None:
    if result.outcome is Outcome.FAIL and any(spec.rules[rule].level == "must" for rule in result.rules):
        state.failures += 1
        if state.failures == options.max_failures:
            state.stopped = f"stopped after {state.failures} failures (--max-failures)"


async def _pool(work: list[Callable[[], Awaitable[None]]], jobs: int) -> None:
    """Do all the work, `jobs` at a time, in order of beginning."""
    waiting = iter(work)

    async def worker() -> None:
        for one in waiting:
            await one()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(jobs, len(work))):
            group.create_task(worker())


class _Phase:
    """Adds the seconds of its body to the course."""

    def __init__(self, state: RunState, name: str) -> None:
        self._course = state
        self._name = name
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._course.phases[self._name] = round(time.perf_counter() - self._began, 3)
