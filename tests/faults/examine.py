"""What the suite says of a server with one fault."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.calibrate import calibrate
from conformance.embedded import embedded
from conformance.play import Pacer, Stage, play
from conformance.provision import open_provisioner
from conformance.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.results import Result
    from conformance.scenario.steps import Scenario
    from conformance.spec import Spec
    from tests.faults.registry import Fault

JOBS = 8
HANDFUL = 25
"""Scenarios of other features that a quick examination plays."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How thoroughly.

    `quick` stops at the first catch. Of the scenarios that prove none of the broken rules, `handful` says how many are
    played, drawn by the seed (None: all of them); without `slow`, none that waits for timers or runs alone.
    """

    quick: bool = False
    handful: int | None = None
    slow: bool = True
    seed: int = 0


@dataclass(slots=True)
class Examination:
    """One fault before the suite.

    `catches` are the scenarios that failed and prove a rule which the fault breaks; `also` those of the rules that it
    cannot help breaking; `unrelated` maps a scenario of anything else that failed, twice, to its reason; `amber` are
    such scenarios of should rules; `once` are those that failed once only.
    """

    fault: str
    played: int = 0
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
        self._touched = {feature for rule in (*fault.breaks, *fault.also) for feature in spec.rules[rule].features}

    def take(self, result: Result) -> None:
        """Note what a result says; one that blames another feature is only noted by `confirm`."""
        self._found.played += 1
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
        """Note a result that blames others, by what a second play of the same scenario says."""
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


async def examine(fault: Fault, spec: Spec, manner: Manner) -> Examination:
    """Start the server with the fault and play the suite against it."""
    began = time.perf_counter()
    found = Examination(fault.name)
    try:
        await _examine(fault, spec, manner, found)
    except Exception as error:  # the other faults are still to be examined
        found.problem = str(error) or type(error).__name__
    found.seconds = round(time.perf_counter() - began, 2)
    return found


async def _examine(fault: Fault, spec: Spec, manner: Manner, found: Examination) -> None:
    judge = _Judge(fault, spec, found)
    async with (
        embedded(spec, ("-m", "tests.faults.serve", fault.name, "--")) as (target, server),
        open_provisioner(target, spec.protocol.default_role) as provisioner,
    ):
        calibration = await calibrate(spec, target, provisioner, 1.0)
        stage = Stage(
            spec, target, calibration, provisioner, Pacer(spec, target), 1.0, server.restart, (target.signing.secret,)
        )
        jobs = 1 if fault.alone else JOBS
        aimed, others = _sorted(fault, spec, judge, manner)
        blaming: list[tuple[Scenario, Result]] = []

        def take(scenario: Scenario, result: Result) -> None:
            judge.take(result)
            if judge.blames_others(result):
                blaming.append((scenario, result))

        for course in _courses(aimed, manner):
            await _play(course, stage, jobs, take, lambda: manner.quick and found.killed)
        for course in _courses(others, manner):
            await _play(course, stage, jobs, take, lambda: False)
        for scenario, result in blaming:
            judge.confirm(result, await play(scenario, stage, 2))


def _sorted(fault: Fault, spec: Spec, judge: _Judge, manner: Manner) -> tuple[list[Scenario], list[Scenario]]:
    """Give the scenarios that prove a broken rule, and what is to be played of the rest."""
    aimed = [one for one in spec.scenarios.values() if set(one.rules) & set(fault.breaks)]
    others = [one for one in spec.scenarios.values() if not set(one.rules) & set(fault.breaks)]
    others = [one for one in others if manner.slow or not _is_slow(one)]
    dice = random.Random(f"{manner.seed} {fault.name}")
    if manner.quick:
        dice.shuffle(aimed)
    if manner.handful is not None:
        others = [one for one in others if not _is_slow(one) and not judge.touches(one)]
        others = dice.sample(others, min(manner.handful, len(others)))
    return aimed, others


def _is_slow(scenario: Scenario) -> bool:
    return scenario.exclusive or "slow" in scenario.tags


def _courses(scenarios: Sequence[Scenario], manner: Manner) -> Iterator[list[Scenario]]:
    """Give what is played together, then what is played alone; the cheap first where the first catch is enough."""
    together = [one for one in scenarios if not one.exclusive]
    cheap, slow = [one for one in together if not _is_slow(one)], [one for one in together if _is_slow(one)]
    yield from [cheap, slow] if manner.quick else [slow + cheap]
    yield from ([one] for one in scenarios if one.exclusive)


async def _play(
    scenarios: Sequence[Scenario],
    stage: Stage,
    jobs: int,
    take: Callable[[Scenario, Result], None],
    enough: Callable[[], bool],
) -> None:
    """Play scenarios, several at a time, until there are no more or enough is known."""
    waiting = iter(scenarios)

    async def worker() -> None:
        for scenario in waiting:
            if enough():
                break
            take(scenario, await play(scenario, stage))

    await asyncio.gather(*(worker() for _ in range(min(jobs, len(scenarios)))))
