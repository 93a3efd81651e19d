from __future__ import annotations

import io

import pytest
from rich.console import Console

from conformance.cli.progress import Progress
from conformance.results import Calibration, Observation, Outcome, Result

CALIBRATION = Calibration(greets=True, answers_barrier=True, skew=0.0, settle=0.0, patience=1.0)
OBSERVATION = Observation(id="greeting", title="What?", why="So.", observed="a greeting")


def result(outcome: Outcome) -> Result:
    return Result("edit.[case]", "edit_message", ("EDIT-1",), outcome, 0.01)


def shown(*records: Calibration | Result | Observation, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=60, color_system=None)
    with Progress(console, 3) as progress:
        for record in records:
            progress.take(record)
    return stream.getvalue()


def test_elsewhere_each_result_is_a_plain_line() -> None:
    lines = shown(CALIBRATION, *map(result, Outcome), OBSERVATION, terminal=False).splitlines()
    lines = [line for line in lines if line]
    assert [line.partition("  ")[0] for line in lines] == [str(outcome) for outcome in Outcome]
    assert all("edit.[case]" in line and "\x1b" not in line for line in lines)


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_on_a_terminal_what_is_well_leaves_no_line(outcome: Outcome) -> None:
    assert "edit.[case]" not in shown(CALIBRATION, result(outcome), terminal=True)


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.BLOCKED, Outcome.UNTESTABLE, Outcome.BROKEN])
def test_on_a_terminal_what_is_wrong_leaves_a_line_as_it_comes(outcome: Outcome) -> None:
    assert "edit.[case]" in shown(CALIBRATION, result(outcome), OBSERVATION, terminal=True)


def test_the_live_line_goes_away_when_the_run_fails() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    with pytest.raises(ZeroDivisionError), Progress(console, 1):
        raise ZeroDivisionError
    assert "\x1b[?25h" in console.file.getvalue()  # type: ignore[attr-defined] # the cursor is shown again
