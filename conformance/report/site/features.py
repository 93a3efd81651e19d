"""One page for each feature, and a list of the features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.site.conversations import scenarios_of
from conformance.report.site.markdown import bullets, heading, link, table, text, toctree
from conformance.report.site.names import (
    bases,
    conversations_page,
    feature_page,
    rule_label,
    slug,
    to_feature,
    to_message,
    to_scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Scenario
    from conformance.spec.model import Feature, Rule, Spec


def feature_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    """Give the pages by path."""
    tested: dict[str, dict[str, Scenario]] = {}
    for scenario in spec.scenarios.values():
        for rule in scenario.rules:
            tested.setdefault(rule, {}).setdefault(scenario.base, scenario)
    for feature in spec.features.values():
        yield feature_page(feature), "\n".join(_page(spec, feature, tested))
    rows = (
        [str(one.number), to_feature(one), str(len(_rules(spec, one))), _count(scenarios_of(spec, one))]
        for one in spec.features.values()
    )
    parts = [
        f"# Features\n\n{len(spec.features)} features, {len(spec.rules)} rules, {len(spec.scenarios)} scenarios.\n",
        table(["number", "feature", "rules", "scenarios"], rows),
        toctree(*(slug(name) for name in spec.features)),
    ]
    yield "features/index", "\n".join(parts)


def _rules(spec: Spec, feature: Feature) -> list[Rule]:
    return [one for one in spec.rules.values() if feature.id in one.features]


def _count(scenarios: list[Scenario]) -> str:
    files = len(bases(scenarios))
    return f"{len(scenarios)} in {files} {'file' if files == 1 else 'files'}" if scenarios else "none"


def _page(spec: Spec, feature: Feature, tested: dict[str, dict[str, Scenario]]) -> Iterator[str]:
    yield f"# {text(feature.title)}\n"
    items = [f"Number {feature.number}: {text(feature.id)}"]
    for words, direction, names in (
        ("The client sends", "incoming", feature.incoming),
        ("The server sends", "outgoing", feature.outgoing),
    ):
        if names:
            items.append(f"{words} {', '.join(to_message(spec, name, direction) for name in names)}")
    if feature.builds_on:
        items.append(f"Builds on {', '.join(to_feature(spec.features[one]) for one in feature.builds_on)}")
    scenarios = scenarios_of(spec, feature)
    if scenarios:
        items.append(link(f"Scenarios: {_count(scenarios)}", conversations_page(feature)))
    yield bullets(items)
    for rule in _rules(spec, feature):
        yield from _rule(spec, rule, rule.features[0] == feature.id, tested.get(rule.id, {}))
    if scenarios:
        yield toctree(f"{slug(feature.id)}-scenarios")


def _rule(spec: Spec, rule: Rule, own: bool, scenarios: dict[str, Scenario]) -> Iterator[str]:
    """Give a rule; `own`: this is the first feature of the rule, whose page has the label for links."""
    yield heading(2, f"{text(rule.id)}: {text(rule.level)}", rule_label(rule.id) if own else "")
    yield f"{text(rule.sentence)}\n"
    yield f"Provenance: {text(rule.provenance)} \\({text(rule.source)}\\)\n"
    if rule.needs:
        yield f"Needs {', '.join(to_feature(spec.features[one]) for one in rule.needs)}.\n"
    if scenarios:
        yield "Scenarios:\n"
        yield bullets(to_scenario(one) for one in scenarios.values())
