"""A scenario has the tag `slow` exactly if it waits for a server's timer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def slow_means_waiting(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find scenarios that wait and have no tag `slow` (they would start late), and tagged ones that do not wait."""
    waits = any(
        isinstance(step, s.Pause) or getattr(step, "within", None) is not None
        for step in walk((*scenario.setup, *scenario.steps))
    )
    if waits and "slow" not in scenario.tags:
        yield scenario.line, "it waits for a server's timer (`pause` or `within`): give it the tag slow"
    elif "slow" in scenario.tags and not waits:
        yield scenario.line, "it has the tag slow, and neither `pause` nor `within`"
