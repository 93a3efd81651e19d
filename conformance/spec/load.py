"""Reads the `spec/` folder and links its parts; collects every mistake before it gives up."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from conformance.errors import BadFile, Mistake
from conformance.files.documents import Document, read_json, read_yaml
from conformance.files.formats import Formats, check_head
from conformance.scenario.parse import read_probes, read_scenarios
from conformance.scenario.tables import read_table
from conformance.scenario.turns import with_turns
from conformance.spec.folder import digest
from conformance.spec.invariants import read_invariants
from conformance.spec.links import check_probe, check_scenario
from conformance.spec.messages import read_messages
from conformance.spec.model import Feature, Rule, Spec
from conformance.spec.protocol import read_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from conformance.scenario.model import Scenario

Item = TypeVar("Item")


def load(folder: Path) -> Spec:
    """Read a whole spec folder; raises BadFile with every mistake."""
    with _without_garbage_collection():
        return _load(folder)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch the garbage collector off: what is read here stays, and to look at it again and again takes a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load(folder: Path) -> Spec:
    mistakes: list[Mistake] = []
    formats = Formats(folder / "formats")
    protocol = read_protocol(_checked(folder / "protocol.yaml", formats, "protocol"))
    features = _features(_checked(folder / "features.yaml", formats, "features"))
    invariants = read_invariants(_checked(folder / "invariants.yaml", formats, "invariants"))
    common = read_json(folder / "messages" / "common.json")
    check_head(folder / "messages" / "common.json", common, "schema")
    incoming = read_messages(folder / "messages" / "incoming", common)
    outgoing = read_messages(folder / "messages" / "outgoing", common)
    rules = _rules(_all(folder / "rules", lambda file: _checked(file, formats, "rules"), mistakes), mistakes)
    table_lists = _all(folder / "tables", lambda file: read_table(_checked(file, formats, "table")), mistakes)
    tables = {cells[0][0].table: [cell for cell, _ in cells] for cells in table_lists if cells}
    scenario_lists = _all(
        folder / "scenarios", lambda file: read_scenarios(file, formats["scenario"], protocol), mistakes
    )
    scenarios = with_turns(_unique([(one.id, one, one) for some in scenario_lists for one in some], mistakes))
    probe_lists = _all(folder / "probes", lambda file: read_probes(file, formats["probe"], protocol), mistakes)
    probes = _unique([(one.id, one, one.scenario) for some in probe_lists for one in some], mistakes)
    spec = Spec(
        folder=folder,
        digest=digest(folder),
        wire=digest(folder, (*(folder / "messages").rglob("*"), folder / "protocol.yaml")),
        protocol=protocol,
        formats=formats,
        features=features,
        rules=rules,
        incoming=incoming,
        outgoing=outgoing,
        definitions=common.get("$defs", {}),
        scenarios=scenarios,
        probes=probes,
        tables=tables,
        invariants=invariants,
    )
    if any(mistake.file.parent.name == "rules" for mistake in mistakes):
        raise BadFile(*dict.fromkeys(mistakes))  # Every scenario of a rule that was not read would be wrong, too.
    for scenario in scenarios.values():
        mistakes += check_scenario(scenario, spec)
    for probe in probes.values():
        mistakes += check_probe(probe, spec)
    if mistakes:
        raise BadFile(*dict.fromkeys(mistakes))
    return spec


def _all(folder: Path, read: Callable[[Path], Item], mistakes: list[Mistake]) -> list[Item]:
    """Read every YAML file below a folder, in the order of their paths; the mistakes of a file go to `mistakes`."""
    items = []
    for file in sorted(folder.rglob("*.yaml")):
        try:
            items.append(read(file))
        except BadFile as error:
            mistakes.extend(error.mistakes)
    return items


def _checked(file: Path, formats: Formats, name: str) -> Document:
    document = read_yaml(file)
    formats[name].check(document)
    return document


def _features(document: Document) -> dict[str, Feature]:
    features: dict[str, Feature] = {}
    for index, one in enumerate(document.value["features"]):
        messages = one["messages"]
        line = document.line(("features", index, "id"))
        if one["id"] in features:
            raise BadFile(Mistake(document.file, line, f"the feature {one['id']} is here twice"))
        features[one["id"]] = Feature(
            number=one["number"],
            id=one["id"],
            title=one["title"],
            incoming=tuple(messages.get("incoming", ())),
            outgoing=tuple(messages.get("outgoing", ())),
            line=line,
            builds_on=tuple(one.get("builds_on", ())),
        )
    return features


def _rules(documents: Iterable[Document], mistakes: list[Mistake]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for document in documents:
        for index, one in enumerate(document.value["rules"]):
            rule = _rule(one, document, document.line(("rules", index, "id")))
            if rule.id in rules:
                said = f"the rule {rule.id} is in {rules[rule.id].file.name} too"
                mistakes.append(Mistake(rule.file, rule.line, said))
            rules[rule.id] = rule
    return rules


def _rule(one: Mapping[str, Any], document: Document, line: int) -> Rule:
    return Rule(
        id=one["id"],
        level=one["level"],
        sentence=one["sentence"],
        provenance=one["provenance"],
        source=one["source"],
        features=tuple(one.get("features", document.value["features"])),
        file=document.file,
        line=line,
        needs=tuple(one.get("needs", ())),
    )


def _unique(items: list[tuple[str, Item, Scenario]], mistakes: list[Mistake]) -> dict[str, Item]:
    unique: dict[str, Item] = {}
    owners: dict[str, Path] = {}
    for name, item, scenario in items:
        if name in unique:
            mistakes.append(Mistake(scenario.file, scenario.line, f"the id {name} belongs to {owners[name].name} too"))
        unique[name] = item
        owners[name] = scenario.file
    return dict(sorted(unique.items()))
