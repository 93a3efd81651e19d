"""Says what a slow line between the harness and the server means for a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.results.model import Calibration

ENOUGH = 2
"""Replies that fit into one wait for a frame where the line is fast enough."""


def slow_line(calibration: Calibration, time_scale: float) -> str:
    """Say which `--time-scale` a slow line needs; empty: the waits of the run are long enough."""
    wait, reply = calibration.patience, calibration.round_trip
    if reply is None or not calibration.answers_barrier or reply * ENOUGH <= wait * time_scale:
        return ""
    wanted = math.ceil(reply * ENOUGH / wait)
    return (
        f"the line is slow: one reply takes {reply:.2f} s, and a wait for a frame lasts {wait * time_scale:.2f} s. "
        f"With `--time-scale {wanted}` all waits are {wanted} times as long as on a fast line"
    )
