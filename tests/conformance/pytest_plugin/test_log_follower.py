from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.pytest_plugin.log_follower import ENDED, LOG, Following
from conformance.results.model import Outcome
from conformance.results.runlog import RunWriter
from tests.conformance.report import runs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("outcomes", [("PASS", "FAIL"), ("FAIL", "PASS"), ("PASS", "PASS")])
def test_a_scenario_is_green_only_if_every_repetition_is(tmp_path: Path, outcomes: tuple[str, str]) -> None:
    run = runs.good()
    first = run.results[0]
    with RunWriter(tmp_path / LOG, str) as log:
        log.write(replace(run.header, options={"repeat": 2}))
        for attempt, outcome in enumerate(outcomes, 1):
            log.write(replace(first, outcome=Outcome(outcome), attempt=attempt))
    (tmp_path / ENDED).touch()
    result = Following(tmp_path).result(first.scenario)
    assert result is not None
    assert result.outcome == ("FAIL" if "FAIL" in outcomes else "PASS")
