"""What the suite says of a server with a legal difference."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.run.order import in_order
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.engine.supervise.keepalive import kept_alive
from conformance.errors import TargetUnreachable
from conformance.results.model import Outcome
from conformance.target.embedded import embedded
from conformance.target.provision import open_provisioner
from tests.forked import forked
from tests.variants.serve import main as serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.target import Target
    from tests.variants.registry import Variant

JOBS = 8
SILENT = frozenset({Outcome.BROKEN, Outcome.BLOCKED, Outcome.UNTESTABLE})
"""Says nothing of a server that is right, and must therefore not happen either."""


@dataclass(slots=True)
class Examination:
    """One variant before the suite.

    `wrong` maps a scenario that called the legal server wrong, twice, to what it said; `once` are those that did so
    the first time only; `amber` are the should rules that failed as declared, `kept` those that were judged and held.
    """

    variant: str
    ran: int = 0
    not_applicable: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    once: dict[str, str] = field(default_factory=dict)
    amber: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)
    settle: float = 0.0
    problem: str = ""
    seconds: float = 0.0

    @property
    def kept(self) -> list[str]:
        """Name the rules that the variant declares to break, and keeps: it no longer does what it says."""
        return sorted(self.judged - self.amber)

    @property
    def passed(self) -> bool:
        """Tell whether the suite calls the legal server right, and the server is what its declaration says."""
        return not self.wrong and not self.problem and not self.kept


async def examine(variant: Variant, spec: Spec, scenarios: Sequence[Scenario]) -> Examination:
    """Start the server with the difference and run scenarios against it."""
    began = time.perf_counter()
    found = Examination(variant.name)
    try:
        await _examine(variant, spec, scenarios, found)
    except TargetUnreachable as error:
        found.problem = str(error)
    found.seconds = round(time.perf_counter() - began, 1)
    return found


def sample(variant: Variant, spec: Spec, size: int | None, seed: int) -> list[Scenario]:
    """Give every scenario, or those of the rules that the variant is about or breaks, and `size` of other kinds."""
    everything = list(spec.scenarios.values())
    if size is None:
        return everything
    likes = (*variant.about, *variant.amber)
    near = [one for one in everything if any(fnmatchcase(rule, like) for rule in one.rules for like in likes)]
    dice = random.Random(f"{seed} {variant.name}")
    one_of_each = list({one.base: one for one in dice.sample(everything, len(everything))}.values())
    others = [one for one in one_of_each if one not in near]
    return near + dice.sample(others, min(size, len(others)))


def _declared(variant: Variant, target: Target) -> Target:
    """Give the target as the variant's own target file would describe it."""
    profile = {group: {**values, **variant.profile.get(group, {})} for group, values in target.profile.items()}
    return replace(target, profile=profile, instances=target.instances[: variant.instances])


async def _examine(variant: Variant, spec: Spec, scenarios: Sequence[Scenario], found: Examination) -> None:
    async with embedded(spec, forked(serve, variant.name)) as (started, server):
        target = _declared(variant, started)
        async with open_provisioner(target, spec.protocol.default_role) as provisioner:
            calibration = await calibrate(spec, target, provisioner, 1.0)
            found.settle = calibration.settle
            run_context = RunContext(
                spec,
                target,
                calibration,
                provisioner,
                Pacer(spec, target),
                1.0,
                server.restart,
                target.keys,
                bystanders=True,
            )
            async with kept_alive(run_context.open_connections):
                suspects: list[tuple[Scenario, str]] = []
                for scenario, result in await _results(scenarios, run_context):
                    found.ran += 1
                    found.not_applicable += result.outcome is Outcome.NOT_APPLICABLE
                    if result.outcome in {Outcome.PASS, Outcome.FAIL}:
                        found.judged.update({*result.rules} & {*variant.amber})
                    said = complaint(result, variant, spec, found)
                    if said:
                        suspects.append((scenario, said))
                for scenario, first in suspects:
                    again = complaint(await run_scenario(scenario, run_context, 2), variant, spec, found)
                    (found.wrong if again else found.once)[scenario.id] = again or first


async def _results(scenarios: Sequence[Scenario], run_context: RunContext) -> list[tuple[Scenario, Result]]:
    """Run scenarios as a run of the command does: several at a time, then those that run alone."""
    results: list[tuple[Scenario, Result]] = []

    async def worker(waiting: Iterator[Scenario]) -> None:
        for scenario in waiting:
            results.append((scenario, await run_scenario(scenario, run_context)))

    for state in _batches(in_order(scenarios, "id")):
        waiting = iter(state)
        await asyncio.gather(*(worker(waiting) for _ in range(min(JOBS, len(state)))))
    return results


def _batches(arranged: Sequence[Scenario]) -> Iterator[list[Scenario]]:
    yield [one for one in arranged if not one.exclusive]
    yield from ([one] for one in arranged if one.exclusive)


def complaint(result: Result, variant: Variant, spec: Spec, found: Examination) -> str:
    """Say what a result holds against the server that the variant does not declare; empty: nothing."""
    if result.outcome in SILENT:
        return f"{result.outcome}: {result.problems[0].message}"
    blamed = {name: problem.message for problem in result.findings if (name := problem.rule) is not None}
    if result.outcome is Outcome.FAIL:
        blamed |= dict.fromkeys(result.rules, f"{result.problems[0].step}: {result.problems[0].message}")
    for rule, message in blamed.items():
        if spec.rules[rule].level == "should" and rule in variant.amber:
            found.amber.add(rule)
        else:
            return f"{rule}: {message}"
    return ""
