"""Draws a scenario as a sequence diagram in SVG.

Mermaid can draw the same, but needs Node.js and a browser at each build. A machine that has only Python and its package
index has neither. A scenario needs only lifelines, arrows, notes and frames.

The style sheet of the page sets the colours: the drawing has only classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from conformance.report.text import fit, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERVER = "server"
"""The name of the server's lifeline, at which each arrow begins or ends."""

COLUMN = 150
ROW = 30
TOP = 44
EDGE = 8
LETTERS = 22
"""The most letters that fit between two lifelines."""

MOST_ROWS = 120
"""The most rows of a drawing; the text below it is complete."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A frame, or a change of a connection, from one lifeline to another; `never`: it must not come."""

    begin: str
    end: str
    words: str
    never: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A text at a lifeline."""

    at: str
    words: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A named part of the diagram, such as a repetition."""

    words: str
    parts: tuple[Part, ...]


Part = Arrow | Note | Frame


def draw(parts: Sequence[Part], title: str) -> str:
    """Give the SVG of the parts; empty if there is nothing to draw."""
    lines = _lifelines(parts)
    if not lines:
        return ""
    places = {name: EDGE + COLUMN // 2 + COLUMN * index for index, name in enumerate(lines)}
    width = 2 * EDGE + COLUMN * len(lines)
    drawing = _Drawing(places, width)
    drawing.add(parts, 0)
    height = drawing.y + EDGE
    heads = "".join(
        f'<text class="who" x="{x}" y="20">{_words(name)}</text>'
        f'<line class="life" x1="{x}" y1="28" x2="{x}" y2="{height}"/>'
        for name, x in places.items()
    )
    return (
        f'<svg class="sequence" role="img" aria-label="{escape(visible(title)).replace("`", "&#96;")}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{heads}{"".join(drawing.marks)}</svg>'
    )


def _lifelines(parts: Sequence[Part]) -> list[str]:
    """Give the lifelines: the user who acts first, the server, then the other users in their order."""
    people = [name for name in dict.fromkeys(_named(parts)) if name != SERVER]
    return [*people[:1], SERVER, *people[1:]] if people else []


def _named(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Arrow):
            yield from (part.begin, part.end)
        elif isinstance(part, Note):
            yield part.at
        else:
            yield from _named(part.parts)


class _Drawing:
    """The elements of a drawing, from top to bottom; `y` is the position of the next one."""

    def __init__(self, places: dict[str, int], width: int) -> None:
        self.marks: list[str] = []
        self.y = TOP
        self._places = places
        self._width = width
        self._rows = 0

    def add(self, parts: Sequence[Part], depth: int) -> None:
        for part in parts:
            if self._rows >= MOST_ROWS:
                return
            self._rows += 1
            if isinstance(part, Arrow):
                self._arrow(part)
            elif isinstance(part, Note):
                self._note(part)
            else:
                self._frame(part, depth)

    def _arrow(self, arrow: Arrow) -> None:
        begin, end = self._places[arrow.begin], self._places[arrow.end]
        y = self.y + 16
        kind = "never" if arrow.never else "goes"
        head = 7 if end > begin else -7
        letters = LETTERS * max(1, abs(end - begin) // COLUMN)
        self.marks.append(
            f'<text x="{(begin + end) // 2}" y="{y - 5}">{_words(arrow.words, letters)}</text>'
            f'<path class="{kind}" d="M{begin} {y}H{end}"/>'
        )
        if arrow.never:
            x = end - 2 * head
            self.marks.append(f'<path class="cross" d="M{x - 5} {y - 5}l10 10m-10 0l10 -10"/>')
        else:
            self.marks.append(f'<path class="head" d="M{end} {y}l{-head} -4v8z"/>')
        self.y += ROW

    def _note(self, note: Note) -> None:
        x = self._places[note.at]
        self.marks.append(
            f'<rect class="note" x="{x - 68}" y="{self.y}" width="136" height="20"/>'
            f'<text x="{x}" y="{self.y + 14}">{_words(note.words)}</text>'
        )
        self.y += ROW

    def _frame(self, frame: Frame, depth: int) -> None:
        top, inset = self.y, 2 + 4 * depth
        self.y += 22
        self.add(frame.parts, depth + 1)
        self.marks.append(
            f'<rect class="frame" x="{inset}" y="{top}" width="{self._width - 2 * inset}" height="{self.y - top}"/>'
            f'<text class="of" x="{inset + 6}" y="{top + 14}">{_words(frame.words, 60)}</text>'
        )
        self.y += 8


def _words(words: str, letters: int = LETTERS) -> str:
    return escape(fit(visible(words), letters)).replace("`", "&#96;")
