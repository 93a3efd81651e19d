"""Adds scenarios that are not of the spec folder, such as those that `chat-parity explore` writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.errors import BadFile, Mistake
from conformance.scenario.parse import read_scenarios
from conformance.spec.links import check_scenario

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conformance.spec.model import Spec


def with_scenarios(spec: Spec, files: Iterable[Path]) -> tuple[Spec, tuple[str, ...]]:
    """Give the spec with the scenarios of these files, and their ids; raises BadFile."""
    scenarios = dict(spec.scenarios)
    added = []
    mistakes = []
    for file in files:
        for scenario in read_scenarios(file, spec.formats["scenario"], spec.protocol):
            mistakes += check_scenario(scenario, spec)
            if scenario.id in scenarios:
                mistakes.append(Mistake(file, scenario.line, f"there is a scenario {scenario.id} already"))
            scenarios[scenario.id] = scenario
            added.append(scenario.id)
    if mistakes:
        raise BadFile(*mistakes)
    return replace(spec, scenarios=dict(sorted(scenarios.items()))), tuple(added)
