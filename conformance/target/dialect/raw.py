"""Translates raw texts, broken ones too: it replaces words in place and leaves everything else as it is.

A scenario that sends a raw text wants the server to see exactly that text: a key twice, a number of 10,000 digits, half
a surrogate pair, brackets that never close, bytes that are no UTF-8. So nothing is parsed and written again. The
members of an object are read tolerantly; their keys, types, words and ids are replaced; an envelope is put around the
members; every other character stays in its place.
"""

from __future__ import annotations

import json
import re
from itertools import takewhile
from typing import TYPE_CHECKING

from conformance.target.dialect.json_text import (
    Member,
    begin_of_item,
    end_of_value,
    quoted,
    read_members,
    read_scalar,
    written_like,
)
from conformance.target.dialect.plan import Notes, Plan, to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.target.dialect.additions import Constants
    from conformance.target.dialect.model import Direction

Piece = tuple[str, str]
"""A part of the text, and its translation on the wire."""

_FILLER = re.compile(r"([A-Za-z])\1{999,}")
"""The same letter at least 1,000 times: only its length matters."""


class RawWriter:
    """Translates the raw texts of one connection; it remembers the fragments of an incomplete message.

    It adds the entries of the dialect that it uses to `used`.
    """

    def __init__(self, direction: Direction, used: set[str]) -> None:
        self._direction = direction
        self._notes = Notes(used)
        self._given = b""
        self._sent = b""

    def message(self, data: bytes) -> bytes:
        """Translate a message in one piece; its filler grows or shrinks so that the message keeps its size."""
        pieces = list(rewrite(_text(data), self._direction, self._notes))
        return b"".join(_bytes(wire) for _, wire in _same_length(pieces))

    def fragments(self, payloads: Sequence[bytes], *, final: bool) -> list[bytes]:
        """Translate the fragments of one message with the same cuts; `final`: the last one ends the message."""
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
    """Give the pieces of a text in order; of an incomplete text only those that no continuation can change."""
    at = 0
    while (brace := text.find("{", at)) >= 0:
        if brace > at:
            yield text[at:brace], text[at:brace]
        members, end, closer = read_members(text, brace + 1)
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


def _begun(members: list[Member], direction: Direction, notes: Notes) -> Iterator[Piece]:
    """Give the certain part of an incomplete object: the members before the last comma, if the type comes first."""
    certain = [member for member in members if member.comma]
    if certain and certain[0].name == direction.discriminator:
        yield from _frame(certain, "", direction, notes)
    else:
        yield "{", "{"


def _frame(members: list[Member], closer: str, direction: Direction, notes: Notes) -> Iterator[Piece]:
    kind = next((one.value for one in members if one.name == direction.discriminator), "")
    plan, added = direction.plan(read_scalar(kind)), direction.constants_of(read_scalar(kind))
    if closer:
        notes.used.update(added.entries.values())
    yield "{", "{"
    if direction.envelope is None:
        yield from _written(members, plan, notes)
        if closer:
            yield closer, _after(members, added) + closer
        return
    member, extra = direction.envelope.member, direction.envelope.extra
    notes.used.add(direction.envelope.entry)
    lead = list(takewhile(lambda one: one.name == direction.discriminator, members))
    rest = members[len(lead) :]
    opening = f"{quoted(member)}:{{"
    closing = "".join(f",{quoted(key)}:{json.dumps(value)}" for key, value in extra.items())
    if any(one.name == direction.discriminator for one in rest):
        fields = [one for one in members if one.name != direction.discriminator]
        types = [one for one in members if one.name == direction.discriminator]
        # The type is not the first member here, so it is not the first on the wire either: it comes last.
        inner = _joined(fields, plan, notes)
        stray = "," if members[-1].comma else ""
        inner = ",".join(filter(None, (inner, added.text)))
        wire = f"{opening}{inner}}},{_joined(types, direction.head, notes)}{closing}{stray}{closer}"
        yield "".join(one.text for one in members) + closer, wire
        return
    yield from _written(lead, direction.head, notes)
    if rest:
        yield "", opening
        yield from _written(rest, plan, notes)
        if closer:
            yield closer, f"{_after(rest, added)}}}{closing}{closer}"
    elif closer:
        stray = "," if lead and lead[-1].comma else ""  # A superfluous comma stays superfluous.
        comma = "," if lead and not stray else ""
        yield closer, f"{comma}{opening}{added.text}}}{closing}{stray}{closer}"


def _after(members: Sequence[Member], added: Constants) -> str:
    """Give the text of the constants behind these members; a superfluous comma stays superfluous."""
    if not added.members:
        return ""
    return f"{added.text}," if members[-1].comma else f",{added.text}"


def _joined(members: Sequence[Member], plan: Plan, notes: Notes) -> str:
    return "".join(wire for _, wire in _written(members, plan, notes)).removesuffix(",")


def _written(members: Sequence[Member], plan: Plan, notes: Notes) -> Iterator[Piece]:
    for one in members:
        name = one.name
        if name in plan.names.entries:
            notes.used.add(plan.names.entries[name])
        wire = plan.names.to_wire(name)
        if one.space:
            yield one.space, one.space
        yield one.key, one.key if wire == name else written_like(one.key, wire)
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
        members, end, closer = read_members(text, 1)
        yield "{", "{"
        yield from _written(members, plan, notes)
        yield closer + text[end:], closer + text[end:]
    elif text.startswith("[") and plan.items is not None:
        yield "[", "["
        at = 1
        while True:
            begin = begin_of_item(text, at)
            end = end_of_value(text, begin)
            yield text[at:begin], text[at:begin]
            if end == begin:
                break
            yield from _value(text[begin:end], plan.items, notes)
            at = end
        yield text[begin:], text[begin:]
    else:
        yield text, _exchanged(text, plan, notes)


def _exchanged(text: str, plan: Plan, notes: Notes) -> str:
    """Replace a word or an id."""
    value = read_scalar(text)
    if value is None:
        return text
    wire = to_wire(plan, value, notes)
    return text if wire is value or wire == value else json.dumps(wire) if not isinstance(wire, str) else quoted(wire)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _same_length(pieces: list[Piece]) -> list[Piece]:
    """Shorten or lengthen the filler by the difference in the message's length."""
    grown = sum(len(_bytes(wire)) - len(_bytes(source)) for source, wire in pieces)
    for index, (source, wire) in enumerate(pieces):
        run = _FILLER.search(wire) if grown and source == wire else None
        if run is not None and len(run[0]) > grown:
            before, after = source[: run.start()], source[run.end() :]
            pieces[index : index + 1] = [(before, before), (run[0], run[1] * (len(run[0]) - grown)), (after, after)]
            break
    return pieces


def _place(pieces: Sequence[Piece], at: int) -> int:
    """Give the wire offset of a text offset, both in bytes; inside a changed piece, equally far in."""
    place = 0
    for source, wire in pieces:
        here, there = len(_bytes(source)), len(_bytes(wire))
        if at < here:
            return place + (at if source == wire else at * there // here)
        at -= here
        place += there
    return place
