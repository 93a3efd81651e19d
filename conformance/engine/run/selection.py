"""Selects the scenarios of a run by id, glob, feature, level and rule."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.scenario.selectors import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


@dataclass(frozen=True, slots=True)
class Selection:
    """What to run: ids or globs (none: all scenarios), narrowed by feature, level and rule."""

    patterns: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def select(spec: Spec, selection: Selection) -> list[Scenario]:
    """Give the selected scenarios in the order of their ids; raises UsageError if a word selects nothing."""
    for feature in selection.features:
        if feature not in spec.features and not any(str(one.number) == feature for one in spec.features.values()):
            raise UsageError(f"there is no feature {feature!r}{_meant('features', feature, spec.features)}")
    for rule in selection.rules:
        if not any(fnmatchcase(known, rule) for known in spec.rules):
            raise UsageError(f"there is no rule {rule!r}{_meant('rules', rule, spec.rules)}")
    wrong = unknown_pattern(spec, selection)
    if wrong is not None:
        known = (name for one in spec.scenarios.values() for name in (one.base, one.id))
        raise UsageError(f"no scenario is called {wrong!r}{_meant('scenarios', wrong, known)}")
    chosen = [one for one in spec.scenarios.values() if _chosen(one, selection, spec)]
    if not chosen:
        raise UsageError("these options together select no scenario")
    return chosen


def _meant(kind: str, wrong: str, known: Iterable[str]) -> str:
    return did_you_mean(wrong, known, f"; `chat-parity list {kind}` shows them")


def unknown_pattern(spec: Spec, selection: Selection) -> str | None:
    """Give the first id or glob that matches no scenario; None: each matches one."""
    ids = {name for one in spec.scenarios.values() for name in (one.id, one.base)}
    for pattern in selection.patterns:
        if pattern not in ids and not any(names(pattern, one) for one in spec.scenarios):
            return pattern
    return None


def _chosen(scenario: Scenario, selection: Selection, spec: Spec) -> bool:
    feature = spec.features[scenario.feature]
    rules = [spec.rules[rule] for rule in scenario.rules]
    return (
        (not selection.patterns or any(names(one, scenario.id) for one in selection.patterns))
        and (not selection.features or bool({feature.id, str(feature.number)} & set(selection.features)))
        and (not selection.levels or any(rule.level in selection.levels for rule in rules))
        and (not selection.rules or any(fnmatchcase(rule.id, one) for rule in rules for one in selection.rules))
    )
