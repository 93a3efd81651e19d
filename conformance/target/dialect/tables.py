"""A dialect as plain tables, for a server that speaks it: JSON without classes, so that nothing of ours is imported.

The tables of each direction go the way of a server: `incoming` from the wire to the protocol, `outgoing` from the
protocol to the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.target.dialect.entries import SECTION
from conformance.target.dialect.ids import Integer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.errors import Mistake
    from conformance.files.documents import Document
    from conformance.spec import Spec
    from conformance.target.dialect.model import Dialect, Direction, Envelope
    from conformance.target.dialect.names import Names
    from conformance.target.dialect.plan import Plan

Table = dict[str, Any]


def tables(dialect: Dialect, spec: Spec, document: Document) -> Table:
    """Give the tables of a dialect; raises BadFile for an entry that no server can speak."""
    mistakes = list(_unspeakable(dialect.outgoing, spec, document))
    if mistakes:
        raise BadFile(*mistakes)
    integers = {kind for kind, form in dialect.ids.items() if isinstance(form, Integer)}
    kinds = {name: kind for kind in sorted(integers) for name in sorted(spec.protocol.ids[kind])}
    heard, said = dialect.incoming, dialect.outgoing
    return {
        "source": document.file.name,
        "integers": kinds,
        "incoming": {
            "discriminator": heard.wire_discriminator,
            "types": {heard.types.to_wire(kind): kind for kind in heard.plans},
            "plans": {kind: _plan(plan, kinds, heard, reads=True) for kind, plan in heard.plans.items()},
            "envelope": _envelope(heard.envelope),
            "bare": sorted(heard.bare),
            "constants": {kind: dict(one.members) for kind, one in heard.constants.items()},
        },
        "outgoing": {
            "discriminator": said.wire_discriminator,
            "types": {kind: said.types.to_wire(kind) for kind in said.plans},
            "plans": {kind: _plan(plan, kinds, said, reads=False) for kind, plan in said.plans.items()},
            "envelope": _envelope(said.envelope),
            "replies": [
                {"type": wire, "kind": one.kind, "when": dict(one.when), "with": dict(one.fields)}
                for wire, one in sorted(said.replies.items(), key=lambda item: -len(item[1].fields))
            ],
        },
    }


def _unspeakable(said: Direction, spec: Spec, document: Document) -> Iterator[Mistake]:
    """Find each reply whose `when` takes the place of a field: one frame cannot contain both."""
    for wire, reply in said.replies.items():
        names = said.plan(reply.kind).names
        for member in reply.when:
            field = names.from_wire(member)
            if field in spec.outgoing[reply.kind].shape.fields.keys() - reply.fields.keys():
                place = ("outgoing", "replies", wire, "when", member)
                why = f"{member!r:.80} is also the name of {field}, and a frame has one member of a name"
                yield document.mistake(f"`{'.'.join(place)}`: no server can say it: {why}", (SECTION, *place))


def _plan(plan: Plan, kinds: Mapping[str, str], direction: Direction, *, reads: bool) -> Table:
    """Give the table of the fields of one type; its discriminator is not one of them."""
    whole = _below(plan, kinds, None, reads=reads)
    whole.get("fields", {}).pop(direction.discriminator, None)
    return whole


def _below(plan: Plan, kinds: Mapping[str, str], name: str | None, *, reads: bool) -> Table:
    found: Table = {}
    names = plan.names.backward if reads else plan.names.forward
    if names:
        found["names"] = dict(names)
    if plan.fields:
        found["fields"] = {key: _below(one, kinds, key, reads=reads) for key, one in plan.fields.items()}
    if plan.items is not None:
        found["items"] = _below(plan.items, kinds, name, reads=reads)
    if plan.words is not None:
        found["words"] = _words(plan.words, reads=reads)
    if isinstance(plan.ids, Integer) and name is not None:
        found["id"] = kinds[name]
    return found


def _words(words: Names, *, reads: bool) -> list[list[str | int]]:
    """Give pairs, and no object: a word may be a number."""
    return [[ours, wire] for ours, wire in (words.backward if reads else words.forward).items()]


def _envelope(envelope: Envelope | None) -> Table | None:
    return None if envelope is None else {"member": envelope.member, "extra": dict(envelope.extra)}
