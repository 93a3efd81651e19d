"""The instance that a scenario's connections go to where the scenario names none.

A server may be wrong on one instance only: an older version, another setting. So the scenarios of each rule that do not
care take turns. Each runs as a whole on one instance, always the same for one spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario.turns import has_places

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario

FIRST = 1


def home_of(scenario: Scenario | None, instances: int) -> int:
    """Give the number of the instance, from 1.

    It is the first one where the scenario names instances, and where it changes roles or restarts the server: that is
    done by way of the first instance, and how soon another one knows of it is for the rules of feature 23 to say.
    """
    if scenario is None or has_places(scenario):
        return FIRST
    return scenario.turn % instances + FIRST
