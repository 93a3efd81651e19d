"""Checks that a scenario declares what it needs of a target, so that it is NOT APPLICABLE where that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def instances_are_needed(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find scenarios that connect to an instance without declaring that they need that many."""
    given = scenario.given
    connects = [step for step in walk((*scenario.setup, *scenario.steps)) if isinstance(step, s.Connect)]
    named = [*(user.instance for user in given.users.values()), *given.devices.values()]
    most = max((number or 1 for number in (*named, *(step.instance for step in connects))), default=1)
    if most > scenario.needs.get("instances", 1):
        yield scenario.line, f"it connects to instance {most}: say `needs: {{instances: {most}}}`"


def acting_users_are_needed(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find scenarios in which a user asks for a change of a role without declaring that the run must be able to."""
    for step in walk((*scenario.setup, *scenario.steps)):
        if isinstance(step, s.Provision) and step.by is not None and not scenario.needs.get("acts_as_users"):
            yield step.line, "a user asks for a change of a role: say `needs: {acts_as_users: true}`"


def restarts_are_needed_and_alone(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find scenarios that restart the server without declaring it, or while others talk to it."""
    for step in walk((*scenario.setup, *scenario.steps)):
        if isinstance(step, s.Restart):
            if not scenario.needs.get("restart"):
                yield step.line, "it restarts the server: say `needs: {restart: true}`"
            if not scenario.exclusive:
                yield step.line, "it restarts the server while other scenarios run: add `exclusive: true`"
