"""What the suite says of a server with one fault."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.engine.supervise.keepalive import kept_alive
from conformance.results.model import Outcome
from conformance.target.embedded import embedded
from conformance.target.provision import open_provisioner
from reference_server.__main__ import main as sound
from tests.faults.serve import main as faulty
from tests.forked import forked
from tests.proxy.examine import through
from tests.proxy.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.target import Target
    from tests.faults.registry import Fault

    Restart = Callable[[], Awaitable[None]]

JOBS = 8
MUTE = frozenset({Outcome.BLOCKED, Outcome.UNTESTABLE, Outcome.BROKEN})
"""Says nothing of the server."""
MANY = 300
"""Scenarios of a feature, for which there are twice as many sentinels, so that all of them have their turn."""
SENTINELS = 4
"""Scenarios of each feature that a fault does not touch; a quick examination runs one."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How thorough an examination is.

    All scenarios of the broken rules are run; `quick` stops at the first catch. Of each feature that the fault does
    not touch, `sentinels` scenarios are run (None: all), others under every fault, so that all have their turn:
    `turn` seeds their order. `seed` seeds every other random choice.
    """

    quick: bool = False
    sentinels: int | None = SENTINELS
    seed: int = 0
    turn: int = 0


@dataclass(slots=True)
class Examination:
    """One fault before the suite.

    `sentinels` are the scenarios of features that it does not touch. `catches` are the scenarios that failed and prove
    a rule which the fault breaks; `also` those of the rules that it cannot help breaking; `unrelated` maps a scenario
    of anything else that failed, twice, to its reason; `amber` are such scenarios of should rules; `once` are those
    that failed once only.
    """

    fault: str
    ran: int = 0
    sentinels: list[str] = field(default_factory=list)
    catches: list[str] = field(default_factory=list)
    caught_rules: set[str] = field(default_factory=set)
    also: list[str] = field(default_factory=list)
    unrelated: dict[str, str] = field(default_factory=dict)
    amber: list[str] = field(default_factory=list)
    once: list[str] = field(default_factory=list)
    silent: dict[str, int] = field(default_factory=dict)
    problem: str = ""
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        """Tell whether the suite has caught the fault by a rule that it breaks."""
        return bool(self.catches)


class _Judge:
    """Sorts results by what the fault declares."""

    def __init__(self, fault: Fault, spec: Spec, found: Examination) -> None:
        self._fault = fault
        self._spec = spec
        self._found = found
        self._touched = fault.touches(spec)

    def take(self, result: Result) -> None:
        """Note what a result says; one that blames another feature is only noted by `confirm`."""
        self._found.ran += 1
        if result.outcome is Outcome.FAIL:
            broken = set(result.rules) & set(self._fault.breaks)
            if broken:
                self._found.catches.append(result.scenario)
                self._found.caught_rules |= broken
            elif set(result.rules) & set(self._fault.also):
                self._found.also.append(result.scenario)
        elif result.outcome is not Outcome.PASS:
            self._found.silent[result.outcome] = self._found.silent.get(result.outcome, 0) + 1

    def blames_others(self, result: Result) -> bool:
        """Tell whether a result turns a feature red, or amber, that the fault does not touch."""
        return any(not set(features) & self._touched for _, features in self._blamed(result))

    def touches(self, scenario: Scenario) -> bool:
        """Tell whether a scenario belongs to a feature that the fault may break."""
        return scenario.feature in self._touched

    def confirm(self, result: Result, again: Result) -> None:
        """Note a result that blames others, by what a second run of the same scenario says."""
        blamed = [rule for rule, features in self._blamed(again) if not set(features) & self._touched]
        if any(self._spec.rules[rule].level == "must" for rule in blamed):
            first = (*again.problems, *again.findings)[0]
            self._found.unrelated[result.scenario] = f"{', '.join(blamed)}: {first.message}"
        elif blamed:
            self._found.amber.append(result.scenario)
        else:
            self._found.once.append(result.scenario)

    def _blamed(self, result: Result) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give each rule that this result says is broken, with the features in which that counts (see `verdict`)."""
        rules = set(result.rules) if result.outcome is Outcome.FAIL else set()
        rules |= {finding.rule for finding in result.findings if finding.rule in self._spec.rules}
        for name in sorted(rules):
            features = self._spec.rules[name].features
            yield name, (result.feature,) if result.feature in features else features


async def examine(fault: Fault, spec: Spec, mode: Mode) -> Examination:
    """Start the server with the fault and run the suite against it."""
    began = time.perf_counter()
    found = Examination(fault.name)
    try:
        await _examine(fault, spec, mode, found)
    except Exception as error:  # the other faults are still to be examined
        found.problem = str(error) or type(error).__name__
    found.seconds = round(time.perf_counter() - began, 2)
    return found


@asynccontextmanager
async def _opened(fault: Fault, spec: Spec) -> AsyncIterator[tuple[Target, Restart]]:
    """Start the server with the fault, or the sound server behind a proxy that has it."""
    main = (faulty, fault.name) if fault.rules is None else (sound,)
    async with embedded(spec, forked(*main)) as (started, server):
        profile = {group: {**values, **fault.profile.get(group, {})} for group, values in started.profile.items()}
        target = replace(started, profile=profile)
        if fault.rules is None:
            yield target, server.restart
            return
        async with Proxy(target.instances, fault.rules) as proxy:
            yield through(proxy, target), server.restart


async def _examine(fault: Fault, spec: Spec, mode: Mode, found: Examination) -> None:
    judge = _Judge(fault, spec, found)
    async with (
        _opened(fault, spec) as (target, restart),
        open_provisioner(target, spec.protocol.default_role) as provisioner,
    ):
        calibration = await calibrate(spec, target, provisioner, 1.0)
        pacer, secrets = Pacer(spec, target), target.keys
        run_context = RunContext(spec, target, calibration, provisioner, pacer, 1.0, restart, secrets, bystanders=True)
        jobs = 1 if fault.alone else JOBS
        blaming: list[tuple[Scenario, Result]] = []
        mute: list[Scenario] = []

        def take(scenario: Scenario, result: Result) -> None:
            judge.take(result)
            if result.outcome in MUTE:
                mute.append(scenario)
            if judge.blames_others(result):
                blaming.append((scenario, result))

        async with kept_alive(run_context.open_connections):
            for state in _batches(aimed(fault, spec, mode), quick=mode.quick):
                await _run(state, run_context, jobs, take, lambda: mode.quick and found.killed)
            if not found.killed:  # A machine that is too busy leaves scenarios without a word.
                await _run(tuple(mute), run_context, 1, take, lambda: found.killed)
            if fault.rules is None:  # A proxy changes the frames of every feature.
                others = sentinels(fault, spec, mode)
                found.sentinels = [one.id for one in others if not judge.touches(one)]
                for state in _batches(others):
                    await _run(state, run_context, jobs, take, lambda: False)
                for scenario, result in blaming:
                    judge.confirm(result, await run_scenario(scenario, run_context, 2))


def aimed(fault: Fault, spec: Spec, mode: Mode) -> list[Scenario]:
    """Give the scenarios that prove a broken rule, in an order by chance where the first catch is enough."""
    found = [one for one in spec.scenarios.values() if set(one.rules) & set(fault.breaks)]
    if mode.quick:
        random.Random(f"{mode.seed} {fault.name}").shuffle(found)
    return found


def sentinels(fault: Fault, spec: Spec, mode: Mode) -> list[Scenario]:
    """Give what is run of the rest: some quick scenarios of each feature that the fault does not touch.

    They are drawn by a hash of fault and scenario, so that a new fault or scenario changes little of who meets whom.
    """
    others = [one for one in spec.scenarios.values() if not set(one.rules) & set(fault.breaks)]
    if mode.sentinels is None:
        return others
    of_feature = defaultdict(list)
    for one in others:
        if not _is_slow(one):
            of_feature[one.feature].append(one)
    found: list[Scenario] = []
    for feature in sorted(spec.features.keys() - fault.touches(spec)):
        quick = of_feature[feature]
        quick.sort(key=lambda one: sha256(f"{mode.turn} {fault.name} {one.id}".encode()).digest())
        found += quick[: mode.sentinels * (1 + len(quick) // MANY)]
    return found


def _is_slow(scenario: Scenario) -> bool:
    return scenario.exclusive or "slow" in scenario.tags


def _batches(scenarios: Sequence[Scenario], *, quick: bool = False) -> Iterator[list[Scenario]]:
    """Give what is run together, then what is run alone; the cheap first where the first catch is enough."""
    together = [one for one in scenarios if not one.exclusive]
    cheap, slow = [one for one in together if not _is_slow(one)], [one for one in together if _is_slow(one)]
    yield from [cheap, slow] if quick else [slow + cheap]
    alone = [one for one in scenarios if one.exclusive]
    others = [] if quick else [one for one in alone if "restart" not in one.needs]
    yield others  # They take turns, and wait for timers side by side; a restart ends them all.
    yield from ([one] for one in alone if one not in others)


async def _run(
    scenarios: Sequence[Scenario],
    run_context: RunContext,
    jobs: int,
    take: Callable[[Scenario, Result], None],
    enough: Callable[[], bool],
) -> None:
    """Run scenarios, several at a time, until there are no more or enough is known."""
    waiting = iter(scenarios)

    async def worker() -> None:
        for scenario in waiting:
            if enough():
                break
            take(scenario, await run_scenario(scenario, run_context))

    await asyncio.gather(*(worker() for _ in range(min(jobs, len(scenarios)))))
