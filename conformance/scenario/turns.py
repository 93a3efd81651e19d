"""The turns of the scenarios that name no instance: those of one rule run on one instance after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.scenario.model import Scenario


def with_turns(scenarios: Mapping[str, Scenario]) -> dict[str, Scenario]:
    """Give each scenario its turn among those of its rule that name no instance; the rule says where they begin."""
    turns: Counter[str] = Counter()
    numbered = {}
    for name, scenario in scenarios.items():
        rule = scenario.rules[0]
        if not has_places(scenario):
            turns[rule] += 1
        numbered[name] = replace(scenario, turn=_first(rule) + turns[rule])
    return numbered


def has_places(scenario: Scenario) -> bool:
    """Say whether a scenario names an instance, or changes what another instance learns of later."""
    given = scenario.given
    own = {name: user.instance for name, user in given.users.items() if name not in given.bystanders}
    steps = [*walk((*scenario.setup, *scenario.steps))]
    named = [*own.values(), *given.devices.values(), *(one.instance for one in steps if isinstance(one, s.Connect))]
    return any(place is not None for place in named) or any(isinstance(one, s.Provision | s.Restart) for one in steps)


def _first(rule: str) -> int:
    return crc32(rule.encode()) >> 8
