"""`chat-parity list --tree`: features, below each its rules, below each the scenarios that test it there."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.scenario.model import Scenario
    from conformance.spec import Feature, Rule, Spec


def tree(spec: Spec, patterns: Sequence[str] = ()) -> Iterator[str]:
    """Give the lines; with patterns, only what one of them matches, what is below it, and what is above it."""
    for feature in spec.features.values():
        whole = _matches(patterns, feature.id, str(feature.number))
        branches = [branch for rule in spec.rules.values() if (branch := _rule(spec, feature, rule, patterns, whole))]
        if whole or branches:
            yield f"{feature.id}  {feature.number}  {feature.title}"
            for branch in branches:
                yield from branch


def _rule(spec: Spec, feature: Feature, rule: Rule, patterns: Sequence[str], whole: bool) -> list[str]:
    """Give the lines of a rule in a feature; none if the patterns leave it out."""
    if feature.id not in rule.features:
        return []
    whole = whole or _matches(patterns, rule.id)
    cases: dict[str, list[Scenario]] = {}
    for one in spec.scenarios.values():
        if rule.id in one.rules and (one.feature == feature.id or one.feature not in rule.features):
            cases.setdefault(one.base, []).append(one)
    shown = {base: some for base, some in cases.items() if whole or _matches(patterns, base, *(one.id for one in some))}
    if not (whole or shown):
        return []
    lines = [f"    {base}  {some[0].title}{f' ({len(some)} cases)' * (len(some) > 1)}" for base, some in shown.items()]
    return [f"  {rule.id}  {rule.level}  {rule.sentence}", *lines]


def _matches(patterns: Sequence[str], *names: str) -> bool:
    globs = [pattern.replace("[", "[[]") for pattern in patterns]
    return not patterns or any(name in patterns or any(fnmatchcase(name, glob) for glob in globs) for name in names)
