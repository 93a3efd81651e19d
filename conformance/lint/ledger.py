"""The ledger: every id that was ever published, so that none can vanish or come back with another meaning.

Only `chat-parity lint --accept` writes `spec/ledger.yaml`, except for `retired`: a person moves an id there to remove
it, with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.errors import BadFile, Mistake
from conformance.files.documents import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from conformance.files.documents import Steps
    from conformance.spec import Spec

NAME = "ledger.yaml"
KINDS = {"rules": "rule", "scenarios": "scenario", "probes": "probe", "formats": "format"}
_HEAD = """\
# yaml-language-server: $schema=formats/ledger.schema.json
# Every id that was ever published. Ids never change: reports of different years are compared by them.
# `chat-parity lint --accept` adds new ones. To take one away on purpose, move it to `retired` and say why.
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Published ids: kind (a key of `KINDS`) → id → the feature that it is filed under (empty for none).

    `retired` says why an id is gone; `lines` has the line of each id in the file.
    """

    file: Path
    ids: Mapping[str, Mapping[str, str]]
    retired: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)


def read_ledger(spec: Spec) -> Ledger:
    """Read the ledger of a spec; a spec without one has an empty one. Raises BadFile."""
    file = spec.folder / NAME
    if not file.exists():
        return Ledger(file, {kind: {} for kind in KINDS})
    document = read_yaml(file)
    spec.formats["ledger"].check(document)
    value = document.value
    ids: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    lines: dict[tuple[str, str], int] = {}

    def take(kind: str, path: Steps, names: Iterable[str], feature: str = "") -> None:
        for index, name in enumerate(names):
            if name in ids[kind]:
                raise BadFile(document.mistake(f"the {KINDS[kind]} {name} is here twice", (*path, index)))
            ids[kind][name] = feature
            lines[kind, name] = document.line((*path, index))

    for feature, filed in value["features"].items():
        for kind in ("rules", "scenarios"):
            take(kind, ("features", feature, kind), filed[kind], feature)
    for kind in ("probes", "formats"):
        take(kind, (kind,), value[kind])
    return Ledger(file, ids, value["retired"], lines)


def published(spec: Spec) -> dict[str, dict[str, str]]:
    """Give the ids that a spec has now, by kind, each with its feature; cases have no ids of their own."""
    return {
        "rules": {rule.id: rule.features[0] for rule in spec.rules.values()},
        "scenarios": {one.base: one.feature for one in spec.scenarios.values()},
        "probes": {one.scenario.base: "" for one in spec.probes.values()},
        "formats": {
            file.name.removesuffix(".schema.json"): "" for file in (spec.folder / "formats").glob("*.schema.json")
        },
    }


def check_ledger(spec: Spec, ledger: Ledger) -> Iterator[Mistake]:
    """Find ids that vanished, ids that are new, and ids that came back."""
    now = published(spec)
    for kind, word in KINDS.items():
        for name in sorted(ledger.ids[kind].keys() - now[kind].keys()):
            remedy = "ids are stable for ever; if it is gone on purpose, move it to `retired`"
            yield Mistake(ledger.file, ledger.lines.get((kind, name), 0), f"the {word} {name} was removed: {remedy}")
        for name in sorted(now[kind].keys() - ledger.ids[kind].keys() - ledger.retired.keys()):
            file, line = _place(kind, name, spec)
            yield Mistake(file, line, f"the {word} {name} is new: run `chat-parity lint --accept`")
        for name in sorted(now[kind].keys() & ledger.retired.keys()):
            file, line = _place(kind, name, spec)
            yield Mistake(file, line, f"the {word} {name} is retired, and a retired id never comes back: name it anew")


def accept(spec: Spec, ledger: Ledger) -> Ledger:
    """Add new ids, and file every id under its present feature; nothing is dropped."""
    now = published(spec)
    ids = {
        kind: {
            **ledger.ids[kind],
            **{name: feature for name, feature in now[kind].items() if name not in ledger.retired},
        }
        for kind in KINDS
    }
    return Ledger(ledger.file, ids, ledger.retired)


def render(ledger: Ledger, features: Iterable[str]) -> str:
    """Write a ledger as YAML: features in the order given (others behind them), ids sorted."""
    filed: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"rules": [], "scenarios": []})
    for kind in ("rules", "scenarios"):
        for name, feature in ledger.ids[kind].items():
            filed[feature][kind].append(name)
    order = [*features]
    lines = ["features:"]
    for feature in sorted(filed, key=lambda one: (order.index(one) if one in order else len(order), one)):
        lines.append(f"  {feature}:")
        for kind in ("rules", "scenarios"):
            lines += _list(kind, sorted(filed[feature][kind], key=_by_number), "    ")
    for kind in ("probes", "formats"):
        lines += _list(kind, sorted(ledger.ids[kind]), "")
    lines += (
        ["retired:", *(f"  {name}: {_quoted(why)}" for name, why in sorted(ledger.retired.items()))]
        if ledger.retired
        else ["retired: {}"]
    )
    return _HEAD + "\n".join(lines) + "\n"


def _list(key: str, names: list[str], indent: str) -> list[str]:
    return [f"{indent}{key}:", *(f"{indent}  - {name}" for name in names)] if names else [f"{indent}{key}: []"]


def _by_number(name: str) -> tuple[str, int, str]:
    """Sort SEND-10 behind SEND-9."""
    family, _, number = name.rpartition("-")
    digits = number.rstrip("s")
    return (family, int(digits), name) if digits.isdigit() and family.isupper() else (name, 0, name)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _place(kind: str, name: str, spec: Spec) -> tuple[Path, int]:
    if kind == "rules":
        return spec.rules[name].file, spec.rules[name].line
    if kind == "formats":
        return spec.folder / "formats" / f"{name}.schema.json", 0
    scenarios = spec.scenarios.values() if kind == "scenarios" else (one.scenario for one in spec.probes.values())
    scenario = next(one for one in scenarios if one.base == name)
    return scenario.file, scenario.line
