"""Tables: what rows and columns bring to a case, and how a mistake in a table is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.files.documents import parse_yaml
from conformance.scenario import model as m
from conformance.scenario import steps as s
from conformance.scenario.tables import read_table
from tests.conformance.scenario.reading import GIVEN, HEAD, read

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

TABLE = """\
columns:
  history: {look: [{send: FetchHistory, by: alice, with: {conversation_id: "${case.where}"}}], asks: "for ${case.id}"}
  search: {look: [{sync: alice}], asks: both}
rows:
  - id: edit
    where: lobby
    cells: {history: kept, search: kept}
  - id: delete
    where: cellar
    cells: {history: gone, search: {not_applicable: nothing is left to search}}
"""


def cells(folder: Path, text: str) -> list[tuple[m.Cell, dict[str, Any]]]:
    return read_table(parse_yaml(text, folder / "table.yaml"))


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(BadFile) as raised:
        cells(folder, text)
    return str(raised.value).replace(f"{folder}/", "")


def test_a_column_brings_values_that_use_the_fields_of_the_row(tmp_path: Path) -> None:
    found = {f"{cell.row}.{cell.column}": values for cell, values in cells(tmp_path, TABLE)}
    assert list(found) == ["edit.history", "edit.search", "delete.history"]
    assert found["delete.history"]["look"][0]["with"] == {"conversation_id": "cellar"}
    assert [one["asks"] for one in found.values()] == ["for edit", "both", "for delete"]


def test_a_column_keeps_other_names_for_later(tmp_path: Path) -> None:
    text = 'columns: {history: {text: "${lobby} $${case.where} ${case.lost}"}}\nrows: [{id: a, cells: {history: kept}}]'
    assert [values["text"] for _, values in cells(tmp_path, text)] == ["${lobby} $${case.where} ${case.lost}"]


def test_a_cell_knows_its_line_and_its_place(tmp_path: Path) -> None:
    found = [(cell.at, cell.value, cell.line) for cell, _ in cells(tmp_path, TABLE)]
    assert found == [((0, 0), "kept", 7), ((0, 1), "kept", 7), ((1, 0), "gone", 10)]


def test_a_case_runs_the_steps_of_its_column(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(TABLE)
    steps = 'steps:\n  - {sync: bob}\n  - repeat: 1\n    steps: "${case.look}"\n'
    text = f"{HEAD}{GIVEN}{steps}cases: {{table: table.yaml, cells: kept}}\n"
    looks = []
    for case in read(tmp_path, text):
        _, repeat = case.steps
        assert isinstance(repeat, s.Repeat)
        looks.append(type(repeat.steps[0]))
    assert looks == [s.Send, s.Sync]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("rows: []\ncolumns: [a]\n", "table.yaml:2: `columns` is a mapping: {column: {name: value}}"),
        ("rows: []\ncolumns: {a: 1}\n", "table.yaml:2: `columns` is a mapping: {column: {name: value}}"),
        (
            TABLE.replace("{history: kept, search: kept}", "{history: kept}"),
            "5: the row 'edit' has no cell for the col",
        ),
        (TABLE.replace("search: kept}", "search: kept, sync: kept}"), "7: there is no column 'sync' in `columns`"),
        (TABLE.replace("where: lobby", "asks: lobby"), "6: the row and the column 'history' both bring 'asks'"),
        (TABLE.replace("not_applicable", "never"), "10: `search`: a cell is a text, or {not_applicable: reason}"),
        ("rows: [{id: a, cells: {x: 1}}]", "1: `x`: a cell is a text, or {not_applicable: reason}"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, table: str, message: str) -> None:
    assert refusal(tmp_path, table).removeprefix("table.yaml:").startswith(message.removeprefix("table.yaml:"))
