"""Writes the scenario of a finding, and runs it on both servers: it must fail on the one and pass on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore.writing import Writer
from conformance.engine.scenario_run.run_scenario import run_scenario
from conformance.errors import ChatParityError
from conformance.results.model import Outcome
from conformance.spec.added import with_scenarios

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.engine.context.run_context import RunContext
    from conformance.engine.explore.differ import Comparer
    from conformance.engine.explore.findings import Finding
    from conformance.spec import Spec
    from conformance.target import Target


def write_scenario(finding: Finding, comparer: Comparer, tested: Target, other: Target, file: Path) -> None:
    """Write the scenario of a finding to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(Writer(comparer, other).text(finding, tested.name), encoding="utf-8")


async def prove(spec: Spec, tested: RunContext, other: RunContext, file: Path) -> str:
    """Run a written scenario on both servers, and say in a few words what it does."""
    try:
        extended, added = with_scenarios(spec, [file])
        scenario = extended.scenarios[added[0]]
        here, there = await run_scenario(scenario, tested), await run_scenario(scenario, other)
    except ChatParityError as error:
        return f"cannot be run again: {error}"
    if here.outcome is Outcome.FAIL and there.outcome is Outcome.PASS:
        return "runs it again: it fails here, and passes there"
    said = [f"{one.outcome}{f' ({one.problems[0].message})' if one.problems else ''}" for one in (here, there)]
    return f"does not show it as it should: {said[0]} here, {said[1]} there"
