"""Tells which types of frames a scenario is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def is_about(scenario: Scenario, kind: str, spec: Spec) -> bool:
    """Tell whether the feature of a scenario, or one that its rules are about, has frames of this type.

    That a connection begins with such a frame does not count. A probe has no feature, and is about every frame.
    """
    if not scenario.feature:
        return True
    rules = [spec.rules[name] for name in scenario.rules if name in spec.rules]
    features = {scenario.feature, *(feature for rule in rules for feature in rule.needs)}
    if kind == spec.protocol.greeting.frame:
        features -= {*spec.rules[spec.protocol.greeting_rule].features}
    return any(kind in spec.features[name].outgoing for name in features)
