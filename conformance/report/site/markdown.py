"""Writes Markdown in which every text stays text: no content of a spec file can start markup or end a block.

In CommonMark, a backslash may precede any ASCII punctuation, and a code span or a fence ends only at a run of backticks
of the same length. This is enough here. `conformance.report.fences` writes for GitHub, which also turns bare addresses
into links.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from conformance.report.text import shorten, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LONGEST = 4000
"""The longest text that is shown, in characters."""

_LONGEST_VALUE = 600
"""The longest value that is shown in a line, in characters."""


def text(value: str) -> str:
    """Give a text in one line, with all punctuation escaped."""
    return _PUNCTUATION.sub(r"\\\1", visible(shorten(" ".join(value.split()), _LONGEST)))


def code(value: str) -> str:
    """Give a text as a code span."""
    shown = visible(shorten(value, _LONGEST_VALUE))
    if not shown.strip():
        return "(empty)" if not shown else f"({len(shown)} spaces)"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def data(value: Any) -> str:
    """Give a JSON value as a code span; a simple text has no quotes."""
    plain = isinstance(value, str) and value.isprintable() and value.strip() == value != ""
    return code(value if plain else flat(value))


def flat(value: Any) -> str:
    """Give a value as JSON in one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def block(value: str, language: str = "text") -> str:
    """Give lines as a code block."""
    lines = "\n".join(visible(shorten(line, _LONGEST)) for line in value.split("\n"))
    ticks = "`" * max(3, _longest_run(lines) + 1)
    return f"{ticks}{language}\n{lines}\n{ticks}\n"


def raw(markup: str) -> str:
    """Put our own markup into the page unchanged; it must have no backtick."""
    return f"```{{raw}} html\n{markup}\n```\n"


def heading(level: int, words: str, label: str = "") -> str:
    """Give a heading of escaped words, with a label for links from other pages."""
    mark = f"({label})=\n" if label else ""
    return f"{mark}{'#' * level} {words}\n"


def link(words: str, page: str, anchor: str = "") -> str:
    """Link escaped words to another page, or to a label of any page."""
    return f"[{words}]({f'/{page}.md' if page else ''}{f'#{anchor}' if anchor else ''})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table of escaped cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines) + "\n"


def bullets(items: Iterable[str]) -> str:
    """Give a list of escaped items."""
    return "".join(f"- {item}\n" for item in items)


def definitions(items: Iterable[tuple[str, str]]) -> str:
    """Give a list of escaped terms, each with its meaning."""
    return "".join(f"{term}\n: {meaning or '–'}\n\n" for term, meaning in items)


def toctree(*entries: str) -> str:
    """Add the pages below a page to the navigation."""
    return "```{toctree}\n:titlesonly:\n:hidden:\n\n" + "\n".join(entries) + "\n```\n"


def _longest_run(shown: str) -> int:
    return max((len(run) for run in re.findall("`+", shown)), default=0)
