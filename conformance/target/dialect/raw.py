"""Translates raw texts, the broken ones too: words are exchanged where they stand, and all the rest stays as it is.

A scenario that sends a text as it is wants the server to see just that: a key twice, a number of 10,000 digits, half a
surrogate pair, brackets that never close, bytes that are no UTF-8. So nothing is parsed and written anew. Whatever
looks like the members of an object is read with a forgiving eye, keys, types, words and ids are exchanged, an envelope
is put around the members, and every other character is left where it was.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from conformance.target.dialect.plan import Notes, Plan, to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.target.dialect.model import Direction

Piece = tuple[str, str]
"""A part of the text, and what stands for it on the wire."""

_TOKEN = r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"|'[^'\\]*(?:\\.[^'\\]*)*'"
_KEY = re.compile(rf"\s*({_TOKEN}|[A-Za-z_$][\w$]*)\s*:\s*", re.DOTALL)
_SCALAR = re.compile(rf"{_TOKEN}|[^\s,:\[\]{{}}\"']+", re.DOTALL)
_NEXT = re.compile(rf"{_TOKEN}|[\[{{]|[\]}}]", re.DOTALL)
_COMMA = re.compile(r"\s*,")
_CLOSE = re.compile(r"\s*\}")
_FILLER = re.compile(r"([A-Za-z])\1{999,}")
"""A thousand times the same letter: it stands there for its length alone."""


@dataclass(frozen=True, slots=True)
class _Member:
    """`"key": value,` as it is written, with the space before it; `comma` is empty behind the last one."""

    space: str
    key: str
    colon: str
    value: str
    comma: str

    @property
    def name(self) -> str:
        """Give the key that is meant."""
        return _read(self.key) if self.key[0] in "\"'" else self.key

    @property
    def text(self) -> str:
        """Give it as it is written."""
        return f"{self.space}{self.key}{self.colon}{self.value}{self.comma}"


class RawWriter:
    """Translates what one connection sends raw; it remembers the fragments of a message that is not complete.

    The entries of the dialect that it uses are added to `used`.
    """

    def __init__(self, direction: Direction, used: set[str]) -> None:
        self._direction = direction
        self._notes = Notes(used)
        self._given = b""
        self._sent = b""

    def message(self, data: bytes) -> bytes:
        """Translate a message in one piece; filler in it makes up for the length, so that a size stays what it was."""
        pieces = list(rewrite(_text(data), self._direction, self._notes))
        return b"".join(_bytes(wire) for _, wire in _same_length(pieces))

    def fragments(self, payloads: Sequence[bytes], *, final: bool) -> list[bytes]:
        """Translate fragments of one message, cut where they were cut; `final`: the last one ends the message."""
        begin = len(self._given)
        self._given += b"".join(payloads)
        pieces = list(rewrite(_text(self._given), self._direction, self._notes, complete=final))
        if final and not self._sent:
            pieces = _same_length(pieces)
        whole = b"".join(_bytes(wire) for _, wire in pieces)
        ends: list[int] = []
        for payload in payloads:
            begin += len(payload)
            ends.append(_place(pieces, begin))
        if final:
            ends[-1] = len(whole)
        at, cut = len(self._sent), []
        for end in ends:
            cut.append(whole[at : max(at, end)])
            at = max(at, end)
        self._sent = whole[:at]
        if final:
            self._given = self._sent = b""
        return cut


def rewrite(text: str, direction: Direction, notes: Notes, *, complete: bool = True) -> Iterator[Piece]:
    """Give the pieces of a text in their order; of an incomplete one only those that no continuation can change."""
    at = 0
    while (brace := text.find("{", at)) >= 0:
        if brace > at:
            yield text[at:brace], text[at:brace]
        members, end, closer = _members(text, brace + 1)
        if not complete and not closer:
            yield from _begun(members, direction, notes)
            return
        if members or closer:
            yield from _frame(members, closer, direction, notes)
        else:
            yield "{", "{"
        at = end
    if text[at:] and complete:
        yield text[at:], text[at:]


def _begun(members: list[_Member], direction: Direction, notes: Notes) -> Iterator[Piece]:
    """Give what is certain of an object that is not complete: the members before the last comma, if the type leads."""
    certain = [member for member in members if member.comma]
    if certain and certain[0].name == direction.discriminator:
        yield from _frame(certain, "", direction, notes)
    else:
        yield "{", "{"


def _frame(members: list[_Member], closer: str, direction: Direction, notes: Notes) -> Iterator[Piece]:
    told = next((one.value for one in members if one.name == direction.discriminator), "")
    plan = direction.plan(_scalar(told))
    yield "{", "{"
    if direction.envelope is None:
        yield from _written(members, plan, notes)
        if closer:
            yield closer, closer
        return
    member, extra = direction.envelope.member, direction.envelope.extra
    notes.used.add(direction.envelope.entry)
    lead = list(takewhile(lambda one: one.name == direction.discriminator, members))
    rest = members[len(lead) :]
    opening = f"{_quoted(member)}:{{"
    closing = "".join(f",{_quoted(key)}:{json.dumps(value)}" for key, value in extra.items())
    if any(one.name == direction.discriminator for one in rest):
        fields = [one for one in members if one.name != direction.discriminator]
        types = [one for one in members if one.name == direction.discriminator]
        # The type is not the first member here, so it is none on the wire: it comes last.
        inner = _joined(fields, plan, notes)
        stray = "," if members[-1].comma else ""
        wire = f"{opening}{inner}}},{_joined(types, direction.head, notes)}{closing}{stray}{closer}"
        yield "".join(one.text for one in members) + closer, wire
        return
    yield from _written(lead, direction.head, notes)
    if rest:
        yield "", opening
        yield from _written(rest, plan, notes)
        if closer:
            yield closer, f"}}{closing}{closer}"
    elif closer:
        stray = "," if lead and lead[-1].comma else ""  # A comma too many stays one too many.
        comma = "," if lead and not stray else ""
        yield closer, f"{comma}{opening}}}{closing}{stray}{closer}"


def _joined(members: Sequence[_Member], plan: Plan, notes: Notes) -> str:
    return "".join(wire for _, wire in _written(members, plan, notes)).removesuffix(",")


def _written(members: Sequence[_Member], plan: Plan, notes: Notes) -> Iterator[Piece]:
    for one in members:
        name = one.name
        if name in plan.names.entries:
            notes.used.add(plan.names.entries[name])
        wire = plan.names.to_wire(name)
        if one.space:
            yield one.space, one.space
        yield one.key, one.key if wire == name else _written_like(one.key, wire)
        yield one.colon, one.colon
        below = plan.fields.get(name)
        if below is None:
            yield one.value, one.value
        else:
            yield from _value(one.value, below, notes)
        if one.comma:
            yield one.comma, one.comma


def _value(text: str, plan: Plan, notes: Notes) -> Iterator[Piece]:
    if text.startswith("{"):
        members, end, closer = _members(text, 1)
        yield "{", "{"
        yield from _written(members, plan, notes)
        yield closer + text[end:], closer + text[end:]
    elif text.startswith("[") and plan.items is not None:
        yield "[", "["
        at = 1
        while True:
            begin = _begin_of_item(text, at)
            end = _end_of_value(text, begin)
            yield text[at:begin], text[at:begin]
            if end == begin:
                break
            yield from _value(text[begin:end], plan.items, notes)
            at = end
        yield text[begin:], text[begin:]
    else:
        yield text, _exchanged(text, plan, notes)


def _exchanged(text: str, plan: Plan, notes: Notes) -> str:
    """Exchange a word or an id."""
    value = _scalar(text)
    if value is None:
        return text
    wire = to_wire(plan, value, notes)
    return text if wire is value or wire == value else json.dumps(wire) if not isinstance(wire, str) else _quoted(wire)


def _members(text: str, at: int) -> tuple[list[_Member], int, str]:
    """Read members from `at` as far as they go: them, where they end, and the closing brace if it follows."""
    members: list[_Member] = []
    while key := _KEY.match(text, at):
        end = _end_of_value(text, key.end())
        if end == key.end():
            break
        comma = _COMMA.match(text, end)
        space, colon = text[at : key.start(1)], text[key.end(1) : key.end()]
        members.append(_Member(space, key[1], colon, text[key.end() : end], comma[0] if comma else ""))
        at = comma.end() if comma else end
        if not comma:
            break
    close = _CLOSE.match(text, at)
    return members, close.end() if close else at, close[0] if close else ""


def _begin_of_item(text: str, at: int) -> int:
    while at < len(text) and text[at] in ", \t\r\n":
        at += 1
    return at


def _end_of_value(text: str, at: int) -> int:
    """Find the end of the value that begins at `at`; `at` itself where none does."""
    if at >= len(text) or text[at] not in "[{":
        scalar = _SCALAR.match(text, at)
        return scalar.end() if scalar else at
    depth = 0
    for token in _NEXT.finditer(text, at):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth == 0:
            return token.end()
    return len(text)


def _scalar(text: str) -> Any:
    """Read a text or a number; None: it is something else, or not to be read."""
    if not text or text[0] in "[{":
        return None
    if text[0] in "\"'":
        return _read(text)
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found) else None


def _read(token: str) -> str:
    inner = token[1:-1]
    try:
        found: str = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return inner
    return found


def _written_like(token: str, word: str) -> str:
    """Write a key in the manner of another: in the same quotes, escaped where that was, bare where that was."""
    if token[0] not in "\"'":
        return word
    if "\\" in token:
        return token[0] + "".join(f"\\u{ord(char):04x}" for char in word) + token[0]
    return token[0] + _quoted(word)[1:-1] + token[0]


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _same_length(pieces: list[Piece]) -> list[Piece]:
    """Make filler shorter or longer by what the message has grown or shrunk."""
    grown = sum(len(_bytes(wire)) - len(_bytes(source)) for source, wire in pieces)
    for index, (source, wire) in enumerate(pieces):
        run = _FILLER.search(wire) if grown and source == wire else None
        if run is not None and len(run[0]) > grown:
            before, after = source[: run.start()], source[run.end() :]
            pieces[index : index + 1] = [(before, before), (run[0], run[1] * (len(run[0]) - grown)), (after, after)]
            break
    return pieces


def _place(pieces: Sequence[Piece], at: int) -> int:
    """Give the place on the wire of a place in the text, both in bytes: within a changed piece, as far along."""
    place = 0
    for source, wire in pieces:
        here, there = len(_bytes(source)), len(_bytes(wire))
        if at < here:
            return place + (at if source == wire else at * there // here)
        at -= here
        place += there
    return place
