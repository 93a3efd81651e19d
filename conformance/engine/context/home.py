"""The instance that a scenario's connections go to where the scenario names none.

A server may be wrong on one instance only: an older version, another setting. So the scenarios that do not care take
turns. Each runs as a whole on one instance, always the same, because its id says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario

FIRST = 1


def home_of(scenario: Scenario | None, instances: int) -> int:
    """Give the number of the instance, from 1.

    It is the first one where the scenario names instances, and where it changes roles or restarts the server: that is
    done by way of the first instance, and how soon another one knows of it is for the rules of feature 23 to say.
    """
    if scenario is None or _has_places(scenario):
        return FIRST
    # Not the bits by which the bystanders take turns.
    return (crc32(scenario.id.encode()) >> 8) % instances + FIRST


def _has_places(scenario: Scenario) -> bool:
    given = scenario.given
    own = {name: user.instance for name, user in given.users.items() if name not in given.bystanders}
    steps = [*walk((*scenario.setup, *scenario.steps))]
    named = [*own.values(), *given.devices.values(), *(one.instance for one in steps if isinstance(one, s.Connect))]
    return any(place is not None for place in named) or any(isinstance(one, s.Provision | s.Restart) for one in steps)
