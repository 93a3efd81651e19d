"""Tables: no cell is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec


def cells_are_used(spec: Spec) -> Iterator[Mistake]:
    """Find the cells of tables that no scenario or probe is made from."""
    every = [*spec.scenarios.values(), *(probe.scenario for probe in spec.probes.values())]
    used = {one.cell for one in every}
    for table, cells in spec.tables.items():
        for cell in cells:
            if cell not in used:
                name = f"{cell.row}.{cell.column}"
                yield Mistake(table, cell.line, f"no scenario is made from the cell {name}, {cell.value!r}")
