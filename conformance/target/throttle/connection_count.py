"""The most connections that a scenario has open at once: known before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario


def connection_count(scenario: Scenario) -> int:
    """Count the names of connections: each name has one connection at a time (`alice`, `alice@phone`)."""
    given = {name for name, user in scenario.given.users.items() if user.connect}
    given |= {*scenario.given.devices, *scenario.given.bystanders}
    connected = {step.who for step in walk((*scenario.setup, *scenario.steps)) if isinstance(step, s.Connect)}
    return len(given | connected)
