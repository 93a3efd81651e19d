from __future__ import annotations

from dataclasses import replace

from conformance.report.tables import tables
from conformance.results.model import Outcome
from conformance.results.runlog import CellEntry, ScenarioEntry
from conformance.results.verdict import Status, judge
from tests.conformance.report import toys


def made(name: str, row: tuple[int, str], column: tuple[int, str], value: str = "allowed") -> ScenarioEntry:
    cell = CellEntry("spec/who-may.yaml", row[1], column[1], value, row[0], column[0])
    return replace(toys.scenario(name, ("M-1",)), cell=cell)


EDIT, DROP = (0, "edit"), (1, "drop")
OWNER, READER = (0, "owner"), (1, "reader")


def test_a_table_has_its_rows_and_columns_in_the_order_of_its_file() -> None:
    entries = (
        toys.scenario("a", ("M-1",)),
        made("b", DROP, READER, "refused"),
        made("c", DROP, OWNER),
        made("d", EDIT, OWNER),
    )
    results = (toys.result(entries[1], Outcome.FAIL), toys.result(entries[2]))
    (table,) = tables(judge(toys.run(toys.header((toys.rule("M-1"),), entries), *results)).scenarios)
    assert (table.title, table.rows, table.columns) == ("Who may", ("edit", "drop"), ("owner", "reader"))
    assert {place: (cell.value, cell.status) for place, cell in table.cells.items()} == {
        ("drop", "reader"): ("refused", Status.FAIL),
        ("drop", "owner"): ("allowed", Status.PASS),
        ("edit", "owner"): ("allowed", Status.NOT_RUN),
    }


def test_a_cell_of_several_scenarios_is_as_bad_as_the_worst() -> None:
    entries = (made("a", EDIT, OWNER), made("b", EDIT, OWNER))
    results = (toys.result(entries[0]), toys.result(entries[1], Outcome.FAIL))
    (table,) = tables(judge(toys.run(toys.header((toys.rule("M-1"),), entries), *results)).scenarios)
    cell = table.cells["edit", "owner"]
    assert (cell.status, [one.entry.id for one in cell.scenarios]) == (Status.FAIL, ["a", "b"])


def test_a_run_without_tables_has_none() -> None:
    assert tables(judge(toys.forged()).scenarios) == ()


def test_a_narrowed_run_has_only_the_rows_and_columns_with_something_selected() -> None:
    other = replace(toys.scenario("z", ("M-1",)), cell=CellEntry("spec/views.yaml", "edit", "sync", "shown", 0, 0))
    entries = (made("a", EDIT, OWNER), made("b", EDIT, READER), made("c", DROP, OWNER), made("d", DROP, READER), other)
    selected = ("a", "b")
    (table,) = tables(judge(toys.run(toys.header((toys.rule("M-1"),), entries, selected))).scenarios)
    assert (table.title, table.rows, table.columns) == ("Who may", ("edit",), ("owner", "reader"))
    assert list(table.cells) == [("edit", "owner"), ("edit", "reader")]
