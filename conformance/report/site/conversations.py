"""Scenarios for readers: a sequence diagram, the steps as sentences, and the cases as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.report.site.diagram import Frame, draw
from conformance.report.site.markdown import bullets, code, data, flat, heading, link, raw, table, text
from conformance.report.site.names import bases, conversations_page, feature_page, scenario_label, to_rules
from conformance.report.site.steps import drawn, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.scenario.model import Given, Scenario
    from conformance.scenario.steps import Step
    from conformance.spec.model import Feature, Spec

Cases = "Mapping[str, Mapping[str, Mapping[str, Any]]]"
"""The values of the cases in the file of a scenario: scenario → case → values."""

MOST_COLUMNS = 5
"""The most columns of a table of cases; cases with more values are shown as one value each."""


def scenarios_of(spec: Spec, feature: Feature) -> list[Scenario]:
    """Give the scenarios of a feature, in the order of their ids."""
    return [one for one in spec.scenarios.values() if one.feature == feature.id]


def conversation_pages(spec: Spec, cases: Mapping[str, Mapping[str, Any]], source: str) -> Iterator[tuple[str, str]]:
    """Give a page for each feature that has scenarios; `source` is the web address of the folder that has spec/."""
    for feature in spec.features.values():
        groups = bases(scenarios_of(spec, feature))
        if not groups:
            continue
        parts = [
            f"# Scenarios of {text(feature.title)}\n",
            f"{len(groups)} files. The rules are on the page of {link(text(feature.title), feature_page(feature))}.\n",
        ]
        for base, group in groups.items():
            parts += _conversation(spec, group, cases.get(base, {}), source)
        yield conversations_page(feature), "\n".join(parts)


def _conversation(spec: Spec, group: list[Scenario], values: Mapping[str, Any], source: str) -> Iterator[str]:
    first = group[0]
    yield heading(2, text(first.title), scenario_label(first))
    place = spec.place(first.file)
    shown = code(f"{place}:{first.line}")
    where = f"[{shown}]({source}/{quote(place)}#L{first.line})" if source else shown
    tags = f" Tags: {', '.join(map(code, sorted(first.tags)))}." if first.tags else ""
    needs = f" Needs: {data(dict(first.needs))}." if first.needs else ""
    yield f"{code(first.base)} in {where}. Rules: {to_rules(first.rules)}.{tags}{needs}\n"
    cased = "[" in first.id
    if cased:
        yield f"The diagram and the steps show the first of {len(group)} cases: {code(_case(first))}.\n"
    yield from conversation(first)
    if cased:
        yield from _cases(group, values)


def conversation(scenario: Scenario) -> Iterator[str]:
    """Give one scenario: its diagram, what exists at its beginning, and its steps."""
    setup = drawn(scenario.setup)
    parts = (Frame("setup", setup), *drawn(scenario.steps)) if setup else drawn(scenario.steps)
    if drawing := draw(parts, f"Sequence diagram: {scenario.title}"):
        yield raw(f'<div class="diagram" tabindex="0" role="group" aria-label="Diagram">{drawing}</div>')
    yield bullets(given(scenario.given))
    if scenario.setup:
        yield f"Setup:\n\n{_steps(scenario.setup, '')}"
    yield f"Steps:\n\n{_steps(scenario.steps, '')}"


def given(value: Given) -> Iterator[str]:
    """Say what exists before the first step."""
    connected = [name for name, user in value.users.items() if user.connect]
    absent = [name for name, user in value.users.items() if not user.connect]
    if connected or value.devices:
        yield f"Connected: {', '.join(map(code, (*connected, *value.devices)))}"
    if absent:
        yield f"Not connected: {', '.join(map(code, absent))}"
    for name, one in value.conversations.items():
        members = ", ".join(f"{code(user)} \\({text(role)}\\)" for user, role in one.members.items())
        joined = f"; joined by {', '.join(map(code, one.join)) or 'nobody'}" if one.join is not None else ""
        yield f"Conversation {code(name)} \\({text(one.visibility)}\\): {members or 'nobody'}{joined}"
    if value.unknown:
        yield f"Ids that do not exist: {', '.join(map(code, value.unknown))}"
    if value.honeypots:
        yield f"URLs that nobody may fetch: {', '.join(map(code, value.honeypots))}"


def _steps(steps: Sequence[Step], indent: str) -> str:
    lines = []
    for number, step in enumerate(steps, 1):
        told = tell(step)
        mark = f"{number}. "
        lines.append(f"{indent}{mark}{told.sentence}\n")
        inner = indent + " " * len(mark)
        for name, some in told.branches:
            if len(told.branches) > 1:
                lines.append(f"\n{inner}{text(name)}:\n\n")
            else:
                lines.append("\n")
            lines.append(_steps(some, inner))
    return "".join(lines) + "\n" * (not indent)


def _case(scenario: Scenario) -> str:
    return scenario.id.partition("[")[2].removesuffix("]")


def _cases(group: list[Scenario], values: Mapping[str, Any]) -> Iterator[str]:
    yield "Cases:\n"
    if any(one.cell for one in group):
        rows = (
            [code(_case(one)), code(one.cell.row), code(one.cell.column), text(one.cell.value)]
            for one in group
            if one.cell
        )
        yield table(["case", "row", "column", "cell"], rows)
        return
    columns = list(dict.fromkeys(name for one in group for name in values.get(_case(one), ())))
    if not columns:
        yield ", ".join(code(_case(one)) for one in group) + "\n"
    elif len(columns) > MOST_COLUMNS:
        yield table(["case", "values"], ([code(_case(one)), code(flat(values.get(_case(one))))] for one in group))
    else:
        yield table(
            ["case", *map(code, columns)],
            ([code(_case(one)), *(_value(values.get(_case(one), {}), name) for name in columns)] for one in group),
        )


def _value(case: Mapping[str, Any], name: str) -> str:
    return data(case[name]) if name in case else ""
