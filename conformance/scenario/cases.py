"""Expands the `cases:` of a scenario file into one plain document per case, before the grammar looks at it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.files.documents import Document, parse_yaml, read_text
from conformance.scenario.tables import read_table
from conformance.scenario.template import TemplateError, holding, look_up, references, substitute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.scenario.model import Cell

MAX_CASES = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """A plain document, the name of its case if it has one, and the cell if that was made from a table."""

    document: Document
    name: str | None = None
    cell: Cell | None = None


def expand(document: Document) -> Iterator[Case]:
    """Give the document without `cases` for each case, `${case.…}` replaced; raises BadFile.

    Lines stay those of the file, so that a problem in a case points at its source.
    """
    cases = document.value.get("cases")
    if cases is None:
        yield Case(document)
        return
    table = cases.keys() == {"table", "cells"} and isinstance(cases["table"], str)
    cells = _from_table(document, cases) if table else {}
    named = {name: values for name, (_, values) in cells.items()} if table else cases
    if len(named) > MAX_CASES:
        raise BadFile(document.mistake(f"{len(named)} cases are more than {MAX_CASES}", ("cases",)))
    body = {key: value for key, value in document.value.items() if key != "cases"}
    used = {name for name in references(body) if name.partition(".")[0] == "case"}
    within = holding(body, "${case")
    for name, values in named.items():
        names = {"case": {"id": name, **values}}
        for reference in sorted(used):
            if not _known(names, reference):
                raise BadFile(document.mistake(f"the case {name!r} has no value for ${{{reference}}}", ("cases",)))
        for unused in sorted(values.keys() - {reference.split(".")[1] for reference in used if "." in reference}):
            if not table:
                raise BadFile(document.mistake(f"nothing uses ${{case.{unused}}}", ("cases", name, unused)))
        try:
            value = substitute(body, partial(_resolve, names), within)
        except TemplateError as error:
            raise BadFile(document.mistake(f"in the case {name!r}: {error}", ("cases", name))) from None
        cell = cells[name][0] if table else None
        yield Case(Document(document.file, value, document.lines), name, cell)


def _resolve(names: Mapping[str, Any], reference: str) -> Any:
    if reference.partition(".")[0] != "case":
        raise KeyError(reference)
    return look_up(names, reference)


def _known(names: Mapping[str, Any], reference: str) -> bool:
    try:
        look_up(names, reference)
    except KeyError:
        return False
    return True


@lru_cache(maxsize=16)
def _table(file: Path, text: str) -> list[tuple[Cell, dict[str, Any]]]:
    """Read a table once for all the scenario files that are made from it."""
    return read_table(parse_yaml(text, file))


def _from_table(document: Document, cases: Mapping[str, str]) -> dict[str, tuple[Cell, dict[str, Any]]]:
    """Make a case of every cell of the table that has the wanted value."""
    file = Path(os.path.normpath(document.file.parent / cases["table"]))
    table = _table(file, read_text(file))
    named = {f"{cell.row}.{cell.column}": (cell, values) for cell, values in table if cell.value == cases["cells"]}
    if not named:
        name = Path(cases["table"]).name
        raise BadFile(document.mistake(f"no cell of {name} has the value {cases['cells']!r}", ("cases", "cells")))
    return named
