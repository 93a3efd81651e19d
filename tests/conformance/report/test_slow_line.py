"""A slow line names the `--time-scale` that it needs; a fast one, or one that nobody could measure, says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.report import FORMATS, build
from conformance.report.slow_line import slow_line
from conformance.results.model import Calibration
from tests.conformance.report import toys

CALIBRATION = Calibration(True, True, 0.0, 0.0, 0.3, round_trip=0.4)


def test_a_slow_line_names_the_time_scale() -> None:
    assert slow_line(CALIBRATION, 1.0) == (
        "the line is slow: one reply takes 0.40 s, and a wait for a frame lasts 0.30 s. "
        "With `--time-scale 3` all waits are 3 times as long as on a fast line"
    )


@pytest.mark.parametrize("changes", [{"round_trip": 0.15}, {"round_trip": None}, {"answers_barrier": False}])
def test_a_line_that_is_fast_or_was_not_measured_says_nothing(changes: dict[str, float]) -> None:
    assert slow_line(replace(CALIBRATION, **changes), 1.0) == ""


def test_a_run_that_waits_long_enough_already_says_nothing() -> None:
    assert slow_line(CALIBRATION, 3.0) == ""


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_the_report_says_it_and_every_note_of_the_run(form: str) -> None:
    run = toys.forged()
    assert run.footer is not None
    footer = replace(run.footer, notes=("this machine was busy",))
    run = replace(run, calibration=CALIBRATION, footer=footer)
    text = FORMATS[form](build(run), run)
    assert "the line is slow" in text
    assert "this machine was busy" in text
