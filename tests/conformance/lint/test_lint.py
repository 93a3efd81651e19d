"""Lint as a whole: the real spec, the real spec with a part taken away, and how findings of cases are told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.lint import lint
from conformance.lint.ledger import Ledger, accept, read_ledger
from conformance.lint.messages import types_have_features_and_schemas
from tests.conformance.lint.words import said, without

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


@pytest.fixture(scope="module")
def slim(whole_spec: Spec) -> Spec:
    """The real spec with one case of each scenario and probe: its ids, rules and types are all there."""
    return replace(
        whole_spec,
        scenarios={one.id: one for one in {one.base: one for one in whole_spec.scenarios.values()}.values()},
        probes={one.id: one for one in {one.scenario.base: one for one in whole_spec.probes.values()}.values()},
    )


class TestTheRealSpec:
    def test_lints_clean(self, whole_spec: Spec) -> None:
        assert [str(mistake) for mistake in lint(whole_spec, read_ledger(whole_spec))] == []

    def test_misses_any_rule_that_is_gone(self, slim: Spec) -> None:
        gone = list(slim.rules)[::2]
        broken = replace(slim, rules=without(slim.rules, *gone))
        found = said(lint(broken, read_ledger(slim)))
        assert [name for name in gone if not any(f"the rule {name} was removed" in one for one in found)] == []

    @pytest.mark.parametrize("way", ["incoming", "outgoing"])
    def test_misses_any_message_schema_that_is_gone(self, slim: Spec, way: str) -> None:
        for kind in getattr(slim, way):
            broken = replace(slim, **{way: without(getattr(slim, way), kind)})
            assert any(f"{kind}.json is missing" in one for one in said(types_have_features_and_schemas(broken)))

    def test_misses_any_scenario_file_that_is_gone(self, slim: Spec) -> None:
        gone = list(slim.scenarios.values())[::2]
        broken = replace(slim, scenarios=without(slim.scenarios, *(one.id for one in gone)))
        found = said(lint(broken, read_ledger(slim)))
        assert {one.base for one in gone} == {
            removed[1] for message in found if (removed := re.search(r"the scenario (\S+) was removed", message))
        }

    def test_misses_any_probe_that_is_gone(self, slim: Spec) -> None:
        ledger = read_ledger(slim)
        for one in list(slim.probes.values())[::10]:
            broken = replace(slim, probes=without(slim.probes, one.id))
            assert any(
                f"the probe {one.scenario.base} was removed" in message for message in said(lint(broken, ledger))
            )


class TestTheAnswer:
    def empty(self, spec: Spec) -> Ledger:
        return accept(
            spec,
            Ledger(spec.folder / "ledger.yaml", {kind: {} for kind in ("rules", "scenarios", "probes", "formats")}),
        )

    def found(self, spec: Spec, scenarios: list[Scenario]) -> list[str]:
        broken = replace(spec, scenarios={one.id: one for one in scenarios})
        return [message for message in said(lint(broken, self.empty(broken))) if "is called" in message]

    def test_names_the_cases_that_it_is_about(self, spec: Spec, scenario: Author) -> None:
        cases = scenario.all("""
            steps: [{check: "${case.value}", is: x}]
            cases: {good: {value: "${alice}"}, bad: {value: "${nobody}"}, worse: {value: "${nobody}"}}
        """)
        assert self.found(spec, cases) == ["nothing is called ${nobody} at this point (cases bad, worse)"]

    def test_says_once_what_is_true_of_all_cases(self, spec: Spec, scenario: Author) -> None:
        cases = scenario.all("""
            steps: [{check: ["${case.value}", "${nobody}"], is: x}]
            cases: {one: {value: 1}, two: {value: 2}}
        """)
        assert self.found(spec, cases) == ["nothing is called ${nobody} at this point"]

    def test_looks_at_probes_too(self, spec: Spec, scenario: Author) -> None:
        probe = scenario.probe("""
            steps:
              - observe: alice
                choices: {"${seen} or ${nobody}": {frame: NewMessage, with: {content: {$capture: seen}}}}
                otherwise: nothing
        """)
        broken = replace(spec, probes={probe.id: probe})
        found = said(lint(broken, self.empty(broken)))
        assert "nothing is called ${nobody} at this point" in found
        assert "nothing is called ${seen} at this point" not in found
