"""What the suite says of a target behind the proxy."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.errors import TargetUnreachable
from conformance.results.model import Outcome
from conformance.target.provision import open_provisioner
from conformance.target.provision.reference import Reference, beside
from tests.proxy.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.target import Target
    from tests.proxy.registry import WireFault

JOBS = 8
SAMPLE = 60
"""Scenarios that a legal difference has to pass."""

Restart = "Callable[[], Awaitable[None]] | None"


@dataclass(slots=True)
class Examination:
    """One wire fault before the suite.

    `catches` maps the scenarios that failed and prove a rule which it breaks to what they said; `wrong` those that
    failed although the frames were legal, twice.
    """

    fault: str
    ran: int = 0
    catches: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    seconds: float = 0.0


def good(fault: WireFault, found: Examination) -> bool:
    """Tell whether the suite has caught a wrong, or passed what is legal."""
    return not found.problem and (not found.wrong if fault.legal else bool(found.catches))


async def examine(
    fault: WireFault, spec: Spec, target: Target, restart: Restart = None, size: int = SAMPLE, seed: int = 0
) -> Examination:
    """Put the proxy before a target and run: until the first catch, or a sample of everything."""
    began = time.perf_counter()
    found = Examination(fault.name)
    try:
        async with Proxy(target.instances, fault.rules) as proxy:
            # The proxy is before the WebSocket only: provisioning goes past it.
            assert isinstance(target.provision, Reference)
            await _examine(fault, spec, through(proxy, target), restart, chosen(fault, spec, size, seed), found)
    except TargetUnreachable as error:
        found.problem = str(error)
    found.seconds = round(time.perf_counter() - began, 1)
    return found


def through(proxy: Proxy, target: Target) -> Target:
    """Give a target as it is seen through the proxy; its provisioning API stays where it is."""
    api = Reference(target.provision.api or beside(target.instances[0]))
    return replace(target, instances=proxy.instances, provision=api)


def chosen(fault: WireFault, spec: Spec, size: int, seed: int) -> list[Scenario]:
    """Give the scenarios of the broken rules, the quick ones first, or a sample with one case of each."""
    dice = random.Random(f"{seed} {fault.name}")
    everything = dice.sample(list(spec.scenarios.values()), len(spec.scenarios))
    if fault.legal:
        each = list({one.base: one for one in everything if not _is_slow(one)}.values())
        return each[:size]
    return sorted((one for one in everything if set(one.rules) & set(fault.breaks)), key=_is_slow)


async def _examine(
    fault: WireFault, spec: Spec, target: Target, restart: Restart, scenarios: Sequence[Scenario], found: Examination
) -> None:
    async with open_provisioner(target, spec.protocol.default_role) as provisioner:
        calibration = await calibrate(spec, target, provisioner, 1.0)
        pacer, secrets = Pacer(spec, target), target.keys
        run_context = RunContext(spec, target, calibration, provisioner, pacer, 1.0, restart, secrets, bystanders=True)
        waiting = iter(scenarios)
        suspects: list[Scenario] = []

        async def worker() -> None:
            for scenario in waiting:
                if found.catches:
                    break
                result = await run_scenario(scenario, run_context)
                found.ran += 1
                if fault.legal and _complaint(result):
                    suspects.append(scenario)
                elif not fault.legal and result.outcome is Outcome.FAIL:
                    found.catches[scenario.id] = _complaint(result)

        await asyncio.gather(*(worker() for _ in range(1 if fault.alone else JOBS)))
        for scenario in suspects:
            again = _complaint(await run_scenario(scenario, run_context, 2))
            if again:
                found.wrong[scenario.id] = again


def _complaint(result: Result) -> str:
    """Say what a result holds against the target; empty: nothing."""
    if result.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE) and not result.findings:
        return ""
    first = (*result.problems, *result.findings)[0]
    return f"{result.outcome}: {first.step}: {first.message}"


def _is_slow(scenario: Scenario) -> bool:
    return scenario.exclusive or "slow" in scenario.tags
