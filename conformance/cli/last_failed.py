"""Narrows a run to what did not go well in the last run, whose log is in the folder that this one writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.results.model import Outcome
from conformance.results.runlog import read_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.results.runlog import Run
    from conformance.scenario.model import Scenario

_AGAIN = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.BROKEN, Outcome.UNTESTABLE})


def last_failed(folder: Path, scenarios: Sequence[Scenario], target: str) -> list[Scenario]:
    """Give those that failed, could not be judged, or were not run in the last run of this target.

    One failed attempt is enough. A scenario that was not selected then is not run now. Raises UsageError if none is
    left, or if the folder has the run of another target.
    """
    log = folder / "run.jsonl"
    if not log.exists():
        raise UsageError(f"--last-failed reads {log}, and there is none: run once without it")
    run = read_run(log)
    if run.header.target.name != target:
        raise UsageError(
            f"the last run in {folder} is of {run.header.target.name}, not of {target}:"
            " name the folder of its own run with --out, or run without --last-failed"
        )
    wanted = failed_in(run)
    chosen = [one for one in scenarios if one.id in wanted]
    if not chosen:
        raise UsageError(f"nothing of what is selected failed in the last run ({log}); run without --last-failed")
    return chosen


def failed_in(run: Run) -> frozenset[str]:
    """Give the ids of the scenarios of a run that did not go well."""
    ended = {result.scenario for result in run.results}
    failed = {result.scenario for result in run.results if result.outcome in _AGAIN}
    return frozenset(failed | (set(run.header.selected) - ended))
