"""The paths and labels of pages, and links to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.report.site.markdown import link, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.scenario.model import Scenario
    from conformance.spec.model import Feature, Rule, Spec

_OTHER = re.compile(r"[^a-z0-9]+")
_NO_LETTERS = re.compile(r"[^A-Za-z0-9]+")


def slug(name: str) -> str:
    """Give a name in a form for addresses: lower-case letters, digits and hyphens."""
    return _OTHER.sub("-", name.lower()).strip("-")


def rule_label(rule: str) -> str:
    """Give the label of a rule."""
    return f"rule-{slug(rule)}"


def scenario_label(scenario: Scenario) -> str:
    """Give the label of a scenario file in a feature; a file may have cases in several features."""
    return f"scenario-{slug(scenario.feature)}--{slug(scenario.base)}"


def feature_page(feature: Feature) -> str:
    """Give the path of the page of a feature."""
    return f"features/{slug(feature.id)}"


def conversations_page(feature: Feature) -> str:
    """Give the path of the page with the scenarios of a feature."""
    return f"features/{slug(feature.id)}-scenarios"


def message_page(direction: str, name: str) -> str:
    """Give the path of the page of a message type."""
    return f"messages/{direction}/{_NO_LETTERS.sub('-', name)}"


def to_rule(rule: str) -> str:
    """Link to a rule."""
    return link(text(rule), "", rule_label(rule))


def to_rules(rules: Iterable[str]) -> str:
    """Link to rules, in one line."""
    return ", ".join(map(to_rule, rules)) or "none"


def to_feature(feature: Feature) -> str:
    """Link to a feature."""
    return link(text(feature.title), feature_page(feature))


def to_scenario(scenario: Scenario) -> str:
    """Link to a scenario by its title."""
    return link(text(scenario.title), "", scenario_label(scenario))


def to_message(spec: Spec, name: str, direction: str) -> str:
    """Link to a message type, if it exists in this direction."""
    known = spec.incoming if direction == "incoming" else spec.outgoing
    return link(text(name), message_page(direction, name)) if name in known else text(name)


def speaks_of(rule: Rule, name: str) -> bool:
    """Say whether the sentence of a rule names a message type."""
    return re.search(rf"\b{re.escape(name)}\b", rule.sentence) is not None


def bases(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    """Group scenarios by their file: each file with its cases."""
    found: dict[str, list[Scenario]] = {}
    for one in scenarios:
        found.setdefault(one.base, []).append(one)
    return found
