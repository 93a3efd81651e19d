"""Reads a table file: what its rows and columns bring, and the cells that scenarios are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.scenario.model import Cell
from conformance.scenario.template import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.files.documents import Document, Steps


def read_table(document: Document) -> list[tuple[Cell, dict[str, Any]]]:
    """Give each cell that applies, and the values of its row and its column together; raises BadFile.

    A column's values may contain `${case.…}` with the fields of the row.
    """
    table = document.value if isinstance(document.value, dict) else {}
    rows, columns = table.get("rows"), table.get("columns")
    if not isinstance(rows, list):
        raise BadFile(document.mistake("a table of cases needs `rows`, a list"))
    if not isinstance(columns, dict | None) or not all(isinstance(one, dict) for one in (columns or {}).values()):
        raise BadFile(document.mistake("`columns` is a mapping: {column: {name: value}}", ("columns",)))
    places: dict[str, int] = {column: index for index, column in enumerate(columns or {})}
    found = []
    for index, row in enumerate(rows):
        where: Steps = ("rows", index)
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("cells"), dict):
            raise BadFile(document.mistake("a row needs `id`, and `cells`: {column: value}", where))
        if columns is not None:
            _check_columns(document, row, columns, where)
        for column, value in row["cells"].items():
            at = (index, places.setdefault(column, len(places)))
            if isinstance(value, str):
                line = document.line((*where, "cells", column))
                cell = Cell(document.file, row["id"], column, value, at, line)
                brought = _brought(row, (columns or {}).get(column, {}))
                found.append((cell, {**row, **brought, "row": row["id"], "column": column}))
            elif not (isinstance(value, dict) and value.keys() == {"not_applicable"}):
                message = "a cell is a text, or {not_applicable: reason}"
                raise BadFile(document.mistake(f"`{column}`: {message}", (*where, "cells", column)))
    return found


def _check_columns(document: Document, row: Mapping[str, Any], columns: Mapping[str, Any], where: Steps) -> None:
    """Refuse a row that forgets a column, has an unknown one, or has a field that a column also brings."""
    for column in row["cells"].keys() - columns.keys():
        raise BadFile(document.mistake(f"there is no column {column!r} in `columns`", (*where, "cells", column)))
    for column, brought in columns.items():
        if column not in row["cells"]:
            raise BadFile(document.mistake(f"the row {row['id']!r} has no cell for the column {column!r}", where))
        for name in row.keys() & brought.keys():
            raise BadFile(document.mistake(f"the row and the column {column!r} both bring {name!r}", (*where, name)))


def _brought(row: Mapping[str, Any], column: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the fields of the row into the values of the column."""

    def resolve(name: str) -> Any:
        head, _, field = name.partition(".")
        if head != "case":
            raise KeyError(name)
        return row[field]

    filled: dict[str, Any] = substitute(dict(column), resolve)
    return filled
