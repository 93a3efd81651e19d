"""Runs each scenario of a mix once before the load, and leaves out those that do not pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.run.pool import pool
from conformance.engine.scenario_run.bystanders import with_bystanders
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.results.causes import cause_of
from conformance.results.model import Outcome
from conformance.target.throttle.connection_count import connection_count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.engine.context.run_context import RunContext
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario

AT_ONCE = 4
"""The scenarios that run at the same time: few, so that the rehearsal makes no load."""


@dataclass(slots=True)
class Rehearsed:
    """What a rehearsal has shown so far.

    `passed` has the scenarios to run, `known` the causes of what they find all the same, and `left_out` the reason for
    each of the others.
    """

    passed: list[Scenario] = field(default_factory=list)
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


async def rehearse(scenarios: Iterable[Scenario], run_context: RunContext, rehearsed: Rehearsed) -> None:
    """Run each scenario, and once more what does not pass; raises BudgetSpent, AskedToLeave or MachineFailed."""

    async def work(one: Scenario) -> None:
        result = await _run(one, run_context)
        if result.outcome is not Outcome.PASS:
            result = await _run(one, run_context)
        if result.outcome is Outcome.PASS:
            rehearsed.passed.append(one)
            rehearsed.known[one.id] = tuple(sorted({cause_of(finding) for finding in result.findings}))
        else:
            why = f": {result.problems[0].message}" if result.problems else ""
            rehearsed.left_out[one.id] = f"{result.outcome} without load{why}"

    await pool([partial(work, one) for one in scenarios], AT_ONCE if not run_context.calibration.overhears else 1)
    rehearsed.passed.sort(key=lambda one: one.id)


async def _run(scenario: Scenario, run_context: RunContext) -> Result:
    async with run_context.throttle.admit(connection_count(with_bystanders(scenario, run_context))):
        return await run_scenario(scenario, run_context)
