"""Reads what a dialect adds to a renaming, and finds the mistakes in it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from conformance.target.dialect.additions import CONSTANTS, REPLIES, Constants, Reply

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.errors import Mistake
    from conformance.target.dialect.entries import Section
    from conformance.target.dialect.plan import Plan


def read_constants(
    section: Section, plans: Mapping[str, Plan], fields: Mapping[str, Collection[str]], mistakes: list[Mistake]
) -> dict[str, Constants]:
    """Read the constants of the requests; `plans` and `fields` are those of each request type."""
    found = {}
    for kind, members in section.value.get("incoming", {}).get(CONSTANTS, {}).items():
        steps = ("incoming", CONSTANTS, kind)
        if kind not in plans:
            mistakes.append(section.mistake(_unknown("message type", kind, plans), steps))
            continue
        wire = {plans[kind].names.to_wire(name): name for name in fields[kind]}
        for twice in sorted(members.keys() & wire.keys()):
            message = f"{twice!r:.80} would be in a frame twice: it is the server's name of {wire[twice]}"
            mistakes.append(section.mistake(message, (*steps, twice)))
        found[kind] = Constants(members, {member: ".".join((*steps, member)) for member in members})
    return found


def read_replies(
    section: Section, wire_types: Mapping[Any, str], fields: Mapping[str, Collection[str]], mistakes: list[Mistake]
) -> dict[str, Reply]:
    """Read the replies; `wire_types` maps the server's names of types to the protocol's, `fields` has those of each."""
    found = {}
    for wire, one in section.value.get("outgoing", {}).get(REPLIES, {}).items():
        steps = ("outgoing", REPLIES, wire)
        if one["type"] not in fields:
            mistakes.append(section.mistake(_unknown("message type", one["type"], fields), (*steps, "type")))
            continue
        if wire in wire_types:
            message = f"{wire!r:.80} is the server's name of {wire_types[wire]}: it cannot replace another type"
            mistakes.append(section.mistake(message, steps))
        given = one.get("with", {})
        for name in sorted(given.keys() - set(fields[one["type"]])):
            message = _unknown(f"field of {one['type']}", name, fields[one["type"]])
            mistakes.append(section.mistake(message, (*steps, "with", name)))
        found[wire] = Reply(one["type"], one.get("when", {}), given, ".".join(steps))
    return found


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"the protocol has no {what} {name!r:.80}" + (f"; did you mean {near[0]!r}?" if near else "")
