"""Runs a few scenarios against what a target file names, just as the command does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.results.model import Calibration, Outcome, Result
from conformance.target import read_target

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@dataclass
class Ran:
    """How each scenario ended, and the notes of provisioning."""

    results: dict[str, Result] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {name: result.outcome for name, result in self.results.items()}

    def reason(self, name: str) -> str:
        return self.results[name].problems[0].message


async def run_some(file: Path, spec: Spec, *patterns: str, jobs: int = 4) -> Ran:
    """Run the scenarios of these ids or globs."""
    target, state, ran = read_target(file, spec), RunState(), Ran()
    scenarios = select(spec, Selection(patterns))

    def take(record: object) -> None:
        if isinstance(record, Result):
            ran.results[record.scenario] = record
        assert not isinstance(record, Calibration) or record.skew is not None

    try:
        await run(spec, target, scenarios, (), Options(jobs=jobs), take, state)
    finally:
        ran.notes = state.notes
    return ran
