"""The table of features and servers as text, Markdown, JSON and one page that loads nothing else."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from conformance.report.fences import cell as inert
from conformance.report.fences import table
from conformance.report.html.page import ICONS, fill_plain
from conformance.report.text import as_json, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.compare.matrix.model import Cell, Matrix

SPECS_DIFFER = "These runs were judged by different specs: the same verdict may mean other rules."

_WIDEST = 40
_TITLE = 28


def render_text(matrix: Matrix) -> str:
    """Give lines of at most one row each, a line feed at the end."""
    return "".join(f"{one.rstrip()}\n" for one in _lines(matrix))


def _lines(matrix: Matrix) -> Iterator[str]:
    widths = [max(11, min(_WIDEST, len(server.name))) for server in matrix.servers]
    heads = [fit(server.name, width).ljust(width) for server, width in zip(matrix.servers, widths, strict=True)]
    yield "  ".join(["  #", "Feature".ljust(_TITLE), *heads])
    for row in matrix.rows:
        cells = [_short(one).ljust(width) for one, width in zip(row.cells, widths, strict=True)]
        yield "  ".join([f"{row.number:3}", fit(row.title, _TITLE).ljust(_TITLE), *cells])
    totals = [f"{one.ok} of {one.judged} OK".ljust(width) for one, width in zip(matrix.servers, widths, strict=True)]
    yield "  ".join(["   ", "of those that were judged".ljust(_TITLE), *totals])
    for server in matrix.servers:
        if server.note:
            yield f"{server.name}: {server.note}"
    if matrix.specs_differ:
        yield SPECS_DIFFER


def _short(one: Cell) -> str:
    return f"{ICONS[one.verdict]} {_word(one)}" if one.verdict else "–"


def _word(one: Cell) -> str:
    """Give the verdict; of a partial one, how many must rules hold."""
    return f"{one.passed}/{one.rules}" if one.verdict == "PARTIAL" else one.verdict


def render_markdown(matrix: Matrix) -> str:
    """Give a table, and below it what each server is; a line feed at the end."""
    return "\n".join(_markdown(matrix))


def _markdown(matrix: Matrix) -> Iterator[str]:
    yield "# Chat parity\n"
    rows = [(str(row.number), inert(row.title), *(inert(_short(one)) for one in row.cells)) for row in matrix.rows]
    rows.append(("", "**of those judged**", *(f"**{one.ok} of {one.judged} OK**" for one in matrix.servers)))
    yield from table(("#", "Feature", *(inert(server.name) for server in matrix.servers)), rows)
    about = [
        (inert(one.name), inert(one.started), inert(one.spec), f"chat-parity {inert(one.tool)}", inert(one.note, 300))
        for one in matrix.servers
    ]
    yield from table(("Server", "When", "Spec", "Tool", "Note"), about)
    if matrix.specs_differ:
        yield f"> {SPECS_DIFFER}\n"


def render_json(matrix: Matrix) -> str:
    """Give the table as indented JSON, a line feed at the end."""
    return as_json({"format": 1} | asdict(matrix), indent=1)


def render_html(matrix: Matrix) -> str:
    """Give one page that loads nothing else; it is inert whatever the runs contain."""
    return fill_plain("matrix.html", page=matrix, word=_word, specs_differ=SPECS_DIFFER)


VIEWS: dict[str, Callable[[Matrix], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "html": render_html,
    "json": render_json,
}
"""What `--format` takes."""
