"""The rights of the roles, and every table from which scenarios are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.site.markdown import code, heading, link, table, text, toctree
from conformance.report.site.names import scenario_label, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conformance.scenario.model import Cell, Scenario
    from conformance.spec.model import Spec

Place = tuple[str, str]


def permission_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    """Give the page of the permissions, and one for each other table."""
    made: dict[tuple[Path, str, str], Scenario] = {}
    for one in spec.scenarios.values():
        if one.cell is not None:
            made.setdefault((one.cell.table, one.cell.row, one.cell.column), one)
    about_roles: list[tuple[Path, Sequence[Cell]]] = []
    others: list[tuple[Path, Sequence[Cell]]] = []
    for file, cells in spec.tables.items():
        of_roles = bool({cell.column for cell in cells} & spec.protocol.roles.keys())
        (about_roles if of_roles else others).append((file, cells))
    parts = ["# Permissions\n", *_roles(spec)]
    for file, cells in about_roles:
        parts += [heading(2, text(_title(file))), _matrix(file, cells, made)]
    yield "permissions", "\n".join(parts)
    rows = [[link(text(_title(file)), f"tables/{slug(file.stem)}"), str(len(cells))] for file, cells in others]
    listed = toctree(*(slug(file.stem) for file, _ in others))
    yield (
        "tables/index",
        f"# Tables of cases\n\nEach cell is made into a scenario.\n\n{table(['table', 'cells'], rows)}\n{listed}",
    )
    for file, cells in others:
        yield f"tables/{slug(file.stem)}", f"# {text(_title(file))}\n\n{_matrix(file, cells, made)}"


def _title(file: Path) -> str:
    return file.stem.replace("-", " ").replace("_", " ").capitalize()


def _roles(spec: Spec) -> Iterator[str]:
    protocol = spec.protocol
    rights = sorted({right for some in protocol.roles.values() for right in some})
    rows = [
        [code(role), *("yes" if right in some else "no" for right in rights)] for role, some in protocol.roles.items()
    ]
    rows.append([code(protocol.no_member), *("no" for _ in rights)])
    yield heading(2, "Rights of the roles")
    yield table(["role", *map(text, rights)], rows)
    yield (
        f"The role of a new member is {code(protocol.default_role)}. "
        f"A user who is not a member is {code(protocol.no_member)}. "
        f"A conversation is {' or '.join(map(code, protocol.visibilities))}.\n"
    )


def _matrix(file: Path, cells: Sequence[Cell], made: dict[tuple[Path, str, str], Scenario]) -> str:
    columns = [name for _, name in sorted({(cell.at[1], cell.column) for cell in cells})]
    rows = [name for _, name in sorted({(cell.at[0], cell.row) for cell in cells})]
    found: dict[Place, Cell] = {(cell.row, cell.column): cell for cell in cells}

    def shown(row: str, column: str) -> str:
        cell = found.get((row, column))
        if cell is None:
            return "–"
        scenario = made.get((file, row, column))
        return link(text(cell.value), "", scenario_label(scenario)) if scenario else text(cell.value)

    return table(
        ["row", *map(text, columns)], ([code(row), *(shown(row, column) for column in columns)] for row in rows)
    )
