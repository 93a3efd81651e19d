"""The table of features and servers: what each run came to, feature by feature."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.model import build
from conformance.report.text import fit, line
from conformance.results.verdict import Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.report.model import Report
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedFeature

MOST = 40
"""Runs of one table; nobody can read a wider one."""

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Server:
    """One run: the server, when it was judged, by which spec, and how many features are OK of those that were judged.

    `note` says what a reader must know, such as that the run is not complete; empty if there is nothing.
    """

    name: str
    started: str
    spec: str
    tool: str
    ok: int
    judged: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a feature came to at one server: a verdict, empty where its spec has no such feature, and its must rules."""

    verdict: str = ""
    amber: bool = False
    passed: int = 0
    rules: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One feature, with a cell for each server."""

    number: int
    id: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table; `specs_differ`: the runs were judged by different specs, so that cells may mean other rules."""

    servers: tuple[Server, ...]
    rows: tuple[Row, ...]
    specs_differ: bool


def build_matrix(runs: Sequence[Run]) -> Matrix:
    """Judge the runs and put them side by side; raises ValueError if there are none, or more than `MOST`."""
    if not 0 < len(runs) <= MOST:
        raise ValueError(f"a table takes 1 to {MOST} runs, not {len(runs)}")
    reports = [build(run) for run in runs]
    servers = tuple(map(_server, reports, _names(reports)))
    found: dict[str, dict[int, JudgedFeature]] = {}
    for index, report in enumerate(reports):
        for row in report.features:
            found.setdefault(row.judged.entry.id, {})[index] = row.judged
    rows = [_row(cells, len(reports)) for cells in found.values()]
    rows.sort(key=lambda row: (row.number, row.id))
    return Matrix(servers, tuple(rows), len({server.spec for server in servers}) > 1)


def _names(reports: Iterable[Report]) -> list[str]:
    """Name each server; two runs of one name are told apart by their start, or by their place in the table."""
    some = list(reports)
    names = [fit(line(report.target.name), _LONGEST_NAME) for report in some]
    counts = Counter(names)
    longer = [
        f"{name} {line(report.started, 40)}" if counts[name] > 1 else name
        for name, report in zip(names, some, strict=True)
    ]
    again = Counter(longer)
    return [f"{name} #{index + 1}" if again[name] > 1 else name for index, name in enumerate(longer)]


def _server(report: Report, name: str) -> Server:
    judged = sum(count for verdict, count in report.feature_counts.items() if verdict is not Verdict.NOT_TESTED)
    note = "" if report.complete else f"not complete: {line(report.reason, 200)}"
    return Server(
        name,
        line(report.started),
        line(report.spec_digest),
        line(report.tool),
        report.feature_counts[Verdict.OK],
        judged,
        note,
    )


def _row(cells: dict[int, JudgedFeature], width: int) -> Row:
    entry = next(iter(cells.values())).entry
    shown = tuple(_cell(cells[index]) if index in cells else Cell() for index in range(width))
    return Row(entry.number, line(entry.id), line(entry.title), shown)


def _cell(feature: JudgedFeature) -> Cell:
    musts = [rule for rule in feature.rules if rule.must and rule.status is not Status.NOT_APPLICABLE]
    passed = sum(rule.status is Status.PASS for rule in musts)
    return Cell(str(feature.verdict), feature.amber, passed, len(musts))
