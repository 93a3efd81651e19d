"""The tables that scenarios were made from, drawn as tables: the value of each cell, and its status."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.results.verdict import Status, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.results.runlog import CellEntry
    from conformance.results.verdict import JudgedScenario


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell: its value in the spec, the scenarios that were made from it, and the worst of them."""

    value: str
    status: Status
    scenarios: tuple[JudgedScenario, ...]

    @property
    def word(self) -> str:
        """Give the first word of the value, which tells most."""
        return self.value.partition(" ")[0]

    @property
    def rest(self) -> str:
        """Give what the value says beyond its first word."""
        return self.value.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class Table:
    """One table; `cells` are by (row, column), and some may be missing. `file` is relative to the folder of spec/."""

    file: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], TableCell]

    @property
    def title(self) -> str:
        """Name it after its file."""
        return self.file.rpartition("/")[2].partition(".")[0].replace("-", " ").replace("_", " ").capitalize()

    @property
    def words(self) -> list[str]:
        """Give the different first words of its values, as they come."""
        return list(dict.fromkeys(cell.word for cell in self.cells.values()))


def tables(scenarios: Iterable[JudgedScenario]) -> tuple[Table, ...]:
    """Give each table that scenarios name, its rows and columns in the order of its file.

    Of a narrowed run, only the rows and columns with something that was selected.
    """
    made: dict[str, list[tuple[CellEntry, JudgedScenario]]] = defaultdict(list)
    for scenario in scenarios:
        if scenario.entry.cell is not None:
            made[scenario.entry.cell.table].append((scenario.entry.cell, scenario))
    drawn = (_table(file, found) for file, found in made.items())
    return tuple(one for one in drawn if one.cells)


def _table(file: str, found: list[tuple[CellEntry, JudgedScenario]]) -> Table:
    chosen = [cell for cell, scenario in found if scenario.selected]
    rows = _names(sorted({(cell.row_at, cell.row) for cell in chosen}))
    columns = _names(sorted({(cell.column_at, cell.column) for cell in chosen}))
    groups: dict[tuple[str, str], list[tuple[CellEntry, JudgedScenario]]] = defaultdict(list)
    for cell, scenario in found:
        if cell.row in rows and cell.column in columns:
            groups[cell.row, cell.column].append((cell, scenario))
    return Table(file, rows, columns, {place: _cell(group) for place, group in groups.items()})


def _cell(group: list[tuple[CellEntry, JudgedScenario]]) -> TableCell:
    scenarios = tuple(scenario for _, scenario in group)
    return TableCell(group[0][0].value, worst(scenario.status for scenario in scenarios), scenarios)


def _names(places: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name in places))
