"""Writes Markdown in which any text stays text: whatever a spec file holds, it starts no markup and ends no block.

CommonMark lets a backslash precede any ASCII punctuation, and a code span or fence end only at a run of backticks of
the same length. Nothing else is needed. `conformance.report.fences` serves GitHub's readers, who also make links of
bare addresses; here every escape is visible in a source that nobody reads.
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
"""The most characters of one text that are shown."""

_LONGEST_VALUE = 600
"""The most characters of one value that are shown in a line."""


def text(value: str) -> str:
    """Give a text in one line, all its punctuation escaped."""
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
    """Give a value of JSON as a code span; names without quotes read more easily where nothing is lost."""
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
    """Put markup of our own into the page as it is; it has no backtick."""
    return f"```{{raw}} html\n{markup}\n```\n"


def heading(level: int, words: str, label: str = "") -> str:
    """Give a heading of ready words, with a label that other pages can link to."""
    mark = f"({label})=\n" if label else ""
    return f"{mark}{'#' * level} {words}\n"


def link(words: str, page: str, anchor: str = "") -> str:
    """Link ready words to another page, or to a label of any page."""
    return f"[{words}]({f'/{page}.md' if page else ''}{f'#{anchor}' if anchor else ''})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table of ready cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines) + "\n"


def bullets(items: Iterable[str], indent: str = "") -> str:
    """Give a list of ready items."""
    return "".join(f"{indent}- {item}\n" for item in items)


def definitions(items: Iterable[tuple[str, str]]) -> str:
    """Give a list of ready terms, each with what it is."""
    return "".join(f"{term}\n: {meaning or '–'}\n\n" for term, meaning in items)


def toctree(*entries: str) -> str:
    """Put the pages below a page into the navigation."""
    return "```{toctree}\n:titlesonly:\n:hidden:\n\n" + "\n".join(entries) + "\n```\n"


def _longest_run(shown: str) -> int:
    return max((len(run) for run in re.findall("`+", shown)), default=0)
