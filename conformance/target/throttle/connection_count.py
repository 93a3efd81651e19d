"""The most connections that a scenario has open at once, in all and of one user: known before it begins."""

from __future__ import annotations

from collections import Counter
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


def connections_of_one_user(scenario: Scenario) -> int:
    """Give the most connections that any one user of a scenario has open at once, without the bystanders."""
    is_open = {name for name, user in scenario.given.users.items() if user.connect} | {*scenario.given.devices}
    most = _of_one_user(is_open)
    for step in walk((*scenario.setup, *scenario.steps)):
        if isinstance(step, s.Disconnect):
            is_open.difference_update(step.who)
        elif isinstance(step, s.Restart):
            is_open.clear()
        elif isinstance(step, s.Connect) and not step.refused:
            is_open.add(step.who)
            most = max(most, _of_one_user(is_open))
    return most


def _of_one_user(names: set[str]) -> int:
    return max(Counter(name.partition("@")[0] for name in names).values(), default=0)
