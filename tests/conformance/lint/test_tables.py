"""Tables: every cell is the origin of a scenario."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.lint.tables import cells_are_used
from tests.conformance.lint.words import said

if TYPE_CHECKING:
    from conformance.spec import Spec


def test_a_cell_that_no_scenario_is_made_from_is_found(whole_spec: Spec) -> None:
    kept = {
        name: one for name, one in whole_spec.scenarios.items() if name != "permissions.refused[send-message.reader]"
    }
    (found,) = cells_are_used(replace(whole_spec, scenarios=kept))
    assert found.message == "no scenario is made from the cell send-message.reader, 'refused'"
    assert found.file.name == "permissions.yaml"
    assert found.line == next(cell.line for cell in whole_spec.tables[found.file] if cell.at == (0, 3))


def test_every_cell_of_the_real_tables_is_used(whole_spec: Spec) -> None:
    assert said(cells_are_used(whole_spec)) == []
