"""`chat-parity list [KIND] [GLOB …]`: list what the spec contains, one line each, ids first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.completing import offering
from conformance.cli.options import format_option
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.tree import tree as draw
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.report.text import as_json, fit, visible
from conformance.spec import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

WIDEST_COLUMN = 64
"""The width of all columns but the last; a longer text overflows instead of moving the other rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the spec: its id, its plain line, its JSON, and its other names."""

    id: str
    columns: tuple[str, ...]
    data: dict[str, Any]
    names: tuple[str, ...] = ()

    def is_called(self, pattern: str) -> bool:
        """Tell whether a glob matches its id or one of its other names."""
        glob = pattern.replace("[", "[[]")
        return any(name == pattern or fnmatchcase(name, glob) for name in (self.id, *self.names))


@click.command(name="list")
@click.argument(
    "words",
    nargs=-1,
    metavar="[features|rules|scenarios|probes|messages] [GLOB …]",
    shell_complete=offering(words=("features", "rules", "scenarios", "probes", "messages")),
)
@format_option()
@click.option("--tree", is_flag=True, help="Features, below each its rules, below each its scenarios.")
@spec_option
def listing(words: tuple[str, ...], form: str, tree: bool, spec_folder: Path | None) -> None:
    """List what the spec contains, one line each, ids first.

    Globs match ids, also those of the cases of scenarios and probes. Without a kind, the globs apply to every kind;
    without arguments, the command counts each kind. With --tree, globs keep what is below and above a match.

    \b
    Examples:
      chat-parity list rules 'EDIT-*'
      chat-parity list scenarios 'edit-message.*' --format json
      chat-parity list --tree edit_message
    """
    spec = load(spec_folder_of(spec_folder))
    kind = words[0] if words and words[0] in KINDS else None
    patterns = words[1:] if kind else words
    found = {name: _chosen(rows(spec), patterns) for name, rows in KINDS.items() if kind in (None, name)}
    if patterns and not any(found.values()):
        among = f" among the {kind}" if kind else ""
        known = [*(() if kind else KINDS), *(row.id for name in found for row in KINDS[name](spec))]
        raise UsageError(f"nothing{among} is called {' or '.join(patterns)}{did_you_mean(patterns[0], known)}")
    if tree:
        if kind or form != "text":
            raise UsageError("--tree is text of all kinds: leave out the kind, and --format")
        for line in draw(spec, patterns):
            click.echo(visible(line))
    elif form == "json":
        documents = {name: [row.data for row in rows] for name, rows in found.items()}
        click.echo(as_json(documents[kind] if kind else documents), nl=False)
    elif not words:
        _print([(name, str(len(rows))) for name, rows in found.items()])
    else:
        _print(
            [
                (row.id, *row.columns) if kind else (row.id, name, row.columns[-1])
                for name in found
                for row in found[name]
            ]
        )


def _chosen(rows: Iterable[Row], patterns: Sequence[str]) -> list[Row]:
    return [row for row in rows if not patterns or any(row.is_called(pattern) for pattern in patterns)]


def _print(rows: list[tuple[str, ...]]) -> None:
    widths = [min(max(map(len, column)), WIDEST_COLUMN) for column in list(zip(*rows, strict=False))[:-1]]
    for row in rows:
        *first, last = map(visible, row)
        click.echo(
            "  ".join([*(f"{text:<{width}}" for text, width in zip(first, widths, strict=False)), last]).rstrip()
        )


def _features(spec: Spec) -> list[Row]:
    counts: dict[str, int] = defaultdict(int)
    for one in spec.scenarios.values():
        counts[one.feature] += 1
    return [
        Row(
            one.id,
            (str(one.number), f"{counts[one.id]} scenarios", one.title),
            {
                "id": one.id,
                "number": one.number,
                "title": one.title,
                "incoming": one.incoming,
                "outgoing": one.outgoing,
                "rules": [rule.id for rule in spec.rules.values() if one.id in rule.features],
                "scenarios": counts[one.id],
            },
            (str(one.number),),
        )
        for one in spec.features.values()
    ]


def _rules(spec: Spec) -> list[Row]:
    return [
        Row(
            one.id,
            (one.level, fit(", ".join(one.features), WIDEST_COLUMN), one.sentence),
            {
                "id": one.id,
                "level": one.level,
                "sentence": one.sentence,
                "provenance": one.provenance,
                "source": one.source,
                "features": one.features,
                "place": f"{spec.place(one.file)}:{one.line}",
            },
        )
        for one in spec.rules.values()
    ]


def _scenarios(spec: Spec) -> list[Row]:
    return [
        Row(
            base,
            (fit(", ".join(cases[0].rules), WIDEST_COLUMN), cases[0].title + _count(cases)),
            {
                "id": base,
                "title": cases[0].title,
                "feature": cases[0].feature,
                "rules": sorted({rule for case in cases for rule in case.rules}),
                "tags": sorted(cases[0].tags),
                "place": f"{spec.place(cases[0].file)}:{cases[0].line}",
                "cases": _names(cases),
            },
            tuple(case.id for case in cases),
        )
        for base, cases in _by_base(spec.scenarios.values()).items()
    ]


def _probes(spec: Spec) -> list[Row]:
    why = {one.scenario.base: one.why for one in spec.probes.values()}
    return [
        Row(
            base,
            (cases[0].title + _count(cases),),
            {
                "id": base,
                "title": cases[0].title,
                "why": why[base],
                "place": f"{spec.place(cases[0].file)}:{cases[0].line}",
                "cases": _names(cases),
            },
            tuple(case.id for case in cases),
        )
        for base, cases in _by_base(one.scenario for one in spec.probes.values()).items()
    ]


def _messages(spec: Spec) -> list[Row]:
    rows = []
    for way, messages in (("incoming", spec.incoming), ("outgoing", spec.outgoing)):
        for one in messages.values():
            required = [name for name in one.schema.get("required", ()) if name != spec.protocol.discriminator]
            optional = sorted(one.fields - {*required, spec.protocol.discriminator})
            fields = [*required, *(f"{name}?" for name in optional)]
            data = {
                "type": one.type,
                "direction": way,
                "description": one.schema.get("description", ""),
                "required": required,
                "optional": optional,
                "place": spec.place(one.file),
            }
            rows.append(Row(one.type, (way, ", ".join(fields)), data, (f"{way}/{one.type}",)))
    return rows


KINDS: dict[str, Callable[[Spec], list[Row]]] = {
    "features": _features,
    "rules": _rules,
    "scenarios": _scenarios,
    "probes": _probes,
    "messages": _messages,
}


def _by_base(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    grouped: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        grouped[scenario.base].append(scenario)
    return grouped


def _names(cases: Sequence[Scenario]) -> list[str]:
    return [case.id for case in cases if case.id != case.base]


def _count(cases: Sequence[Scenario]) -> str:
    return f" ({len(cases)} cases)" if _names(cases) else ""
