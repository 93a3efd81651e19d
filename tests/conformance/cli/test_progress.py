from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from conformance.cli.progress import Progress
from conformance.results.model import Calibration, Observation, Outcome, Problem, Result

CALIBRATION = Calibration(greets=True, answers_barrier=True, skew=0.0, settle=0.0, patience=1.0)
OBSERVATION = Observation(id="greeting", title="What?", why="So.", observed="a greeting")
WRONG = [Outcome.FAIL, Outcome.BLOCKED, Outcome.UNTESTABLE, Outcome.BROKEN]
WELL = [Outcome.PASS, Outcome.NOT_APPLICABLE]


def result(outcome: Outcome) -> Result:
    problems = (Problem("no Edited at [bold]alice[/]", "x.yaml", 3),) if outcome in WRONG else ()
    return Result("edit.[case]", "edit_message", ("EDIT-1",), outcome, 0.01, problems)


def shown(
    *records: Calibration | Result | Observation,
    live: bool | None = None,
    width: int = 60,
    colours: bool = False,
    failures_only: bool = False,
) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=live or colours, width=width, color_system="standard" if colours else None
    )
    with Progress(console, 3, failures_only=failures_only, live=live) as progress:
        for record in records:
            progress.take(record)
    return stream.getvalue()


class TestElsewhere:
    """In a file, a pipe or the log of a CI job."""

    def test_each_result_is_a_plain_line(self) -> None:
        lines = shown(CALIBRATION, *map(result, Outcome), OBSERVATION).splitlines()
        assert [line.partition("  ")[0] for line in lines] == [str(outcome) for outcome in Outcome]
        assert all("edit.[case]" in line and "\x1b" not in line for line in lines)

    def test_only_what_is_not_well_if_that_was_asked_for(self) -> None:
        lines = shown(CALIBRATION, *map(result, Outcome), failures_only=True).splitlines()
        assert [line.partition("  ")[0] for line in lines] == [str(one) for one in Outcome if one in WRONG]

    def test_a_line_is_whole_however_long_it_is(self) -> None:
        long = replace(result(Outcome.FAIL), scenario="edit." + "x" * 100)
        assert shown(long, width=40).count("\n") == 1

    def test_forced_colours_make_no_live_line(self) -> None:
        text = shown(CALIBRATION, result(Outcome.FAIL), colours=True)
        assert text.startswith("\x1b[1;31mFAIL")
        assert set(re.findall(r"\x1b\[[\d;?]*([a-zA-Z])", text)) == {"m"}  # colours, and no cursor that moves


class TestOnATerminal:
    @pytest.mark.parametrize("outcome", WELL)
    def test_what_is_well_leaves_no_line(self, outcome: Outcome) -> None:
        assert "edit.[case]" not in shown(CALIBRATION, result(outcome), live=True)

    @pytest.mark.parametrize("outcome", WRONG)
    def test_what_is_wrong_leaves_a_line_as_it_comes(self, outcome: Outcome) -> None:
        text = shown(CALIBRATION, result(outcome), OBSERVATION, live=True)
        assert "edit.[case]" in text
        assert "[bold]alice[/]" in text
        assert "1 not well" in text

    @pytest.mark.parametrize("width", [40, 59, 60, 100])
    def test_nothing_is_wider_than_it(self, width: int) -> None:
        text = shown(
            CALIBRATION, result(Outcome.FAIL), *[result(Outcome.PASS)] * 2, OBSERVATION, live=True, width=width
        )
        for line in re.split(r"[\r\n]", re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", text)):
            assert cell_len(line) <= width

    def test_the_live_line_goes_away_when_the_run_fails(self) -> None:
        console = Console(file=io.StringIO(), force_terminal=True, width=60)
        with pytest.raises(ZeroDivisionError), Progress(console, 1, live=True):
            raise ZeroDivisionError
        assert "\x1b[?25h" in console.file.getvalue()  # type: ignore[attr-defined] # the cursor is shown again
