"""Finds mistakes in a spec that loads: rules without a scenario, checks that cannot fail, ids that vanished.

`conformance.spec.load` finds what cannot be read and names that do not exist; this package finds what is well-formed
and still a mistake. One small pure function per check, in three tables; each finding is a `Mistake` with file and line.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.errors import Mistake
from conformance.lint.bounds import bounds_name_what_exists, every_limit_bounds_something
from conformance.lint.controls import probes_have_controls
from conformance.lint.explore import names_for_exploring_exist
from conformance.lint.invariants import invariants_name_what_exists
from conformance.lint.ledger import check_ledger
from conformance.lint.messages import (
    places_that_are_never_filled_exist,
    types_are_used,
    types_have_features_and_schemas,
    types_named_by_schemas_exist,
    types_of_the_protocol_exist,
)
from conformance.lint.names import names_are_bound, names_of_branches_differ, names_of_bystanders_are_free, orders_exist
from conformance.lint.needs import acting_users_are_needed, instances_are_needed, restarts_are_needed_and_alone
from conformance.lint.reading import slow_readers_read_again
from conformance.lint.refusal import refusals_have_three_parts
from conformance.lint.reliance import rules_need_few_features
from conformance.lint.rules import features_have_rules, rules_are_proved, rules_named_elsewhere_exist
from conformance.lint.silence import silence_has_a_witness
from conformance.lint.tables import cells_are_used
from conformance.lint.timing import slow_means_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.lint.ledger import Ledger
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

__all__ = ["lint"]

Finding = tuple[int, str]
"""Line and sentence; the file is that of the scenario."""

OF_THE_WHOLE: tuple[Callable[[Spec], Iterator[Mistake]], ...] = (
    features_have_rules,
    rules_are_proved,
    rules_need_few_features,
    rules_named_elsewhere_exist,
    types_have_features_and_schemas,
    types_named_by_schemas_exist,
    places_that_are_never_filled_exist,
    types_of_the_protocol_exist,
    types_are_used,
    bounds_name_what_exists,
    every_limit_bounds_something,
    invariants_name_what_exists,
    probes_have_controls,
    cells_are_used,
    names_for_exploring_exist,
)
OF_EACH_SCENARIO: tuple[Callable[[Scenario, Spec], Iterator[Finding]], ...] = (
    refusals_have_three_parts,
    silence_has_a_witness,
)
OF_SCENARIOS_AND_PROBES: tuple[Callable[[Scenario, Spec], Iterator[Finding]], ...] = (
    names_are_bound,
    names_of_branches_differ,
    names_of_bystanders_are_free,
    orders_exist,
    instances_are_needed,
    restarts_are_needed_and_alone,
    acting_users_are_needed,
    slow_readers_read_again,
    slow_means_waiting,
)
"""For scenarios and probes."""


def lint(spec: Spec, ledger: Ledger) -> list[Mistake]:
    """Give every mistake of a loaded spec, in the order of files and lines."""
    found = [mistake for rule in OF_THE_WHOLE for mistake in rule(spec)]
    found += check_ledger(spec, ledger)
    scenarios = list(spec.scenarios.values())
    found += _of_each(OF_EACH_SCENARIO, scenarios, spec)
    found += _of_each(OF_SCENARIOS_AND_PROBES, [*scenarios, *(probe.scenario for probe in spec.probes.values())], spec)
    return sorted(dict.fromkeys(found), key=lambda mistake: (mistake.file, mistake.line, mistake.message))


def _of_each(
    rules: Iterable[Callable[[Scenario, Spec], Iterator[Finding]]], scenarios: Iterable[Scenario], spec: Spec
) -> list[Mistake]:
    """Apply every check to every scenario; the cases of one file that share a finding share its line in the answer."""
    cases: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        cases[scenario.base].append(scenario)
    found = []
    for siblings in cases.values():
        guilty: dict[Finding, list[Scenario]] = defaultdict(list)
        for scenario in siblings:
            for rule in rules:
                for finding in dict.fromkeys(rule(scenario, spec)):
                    guilty[finding].append(scenario)
        for (line, message), some in guilty.items():
            found.append(Mistake(some[0].file, line, message + _which(some, siblings)))
    return found


def _which(some: list[Scenario], siblings: list[Scenario]) -> str:
    """Name the cases that a finding is about, unless it is about all of them."""
    if len(some) == len(siblings):
        return ""
    names = [scenario.id.removeprefix(scenario.base).strip("[]") for scenario in some]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" (case{'s' if len(names) > 1 else ''} {', '.join(names[:3])}{more})"
