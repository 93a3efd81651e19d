"""A dialect as a frozen value: what each direction does with a frame, and what the report says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.errors import ProvisioningFailed
from conformance.files.show import show
from conformance.target.dialect.additions import Constants, Reply
from conformance.target.dialect.ids import Integer, Uuid, canonical
from conformance.target.dialect.plan import Notes, Plan, from_wire, to_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.results.runlog.records import DialectEntry
    from conformance.spec.messages import Violation
    from conformance.target.dialect.ids import Form
    from conformance.target.dialect.names import Names


DIGITS = 40
"""Digits of an integer: more than any id has."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The member that contains every field but the discriminator, the members beside it, and its entry."""

    member: str
    extra: Mapping[str, Any]
    entry: str


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated frame and the entries that it used.

    `problem` says why a wire frame cannot be translated (then `value` is the wire's). `faults` has each part that does
    not fit the dialect: the protocol's name of its place, and what is wrong.
    """

    value: dict[str, Any]
    used: frozenset[str]
    problem: str | None = None
    faults: tuple[tuple[str, Violation], ...] = ()


@dataclass(frozen=True, slots=True)
class Direction:
    """The translation in one direction: a pure function of any JSON object.

    `plans` has the plan of each known type, and `other` is the plan of any other type. They apply to the object that
    contains the fields: the whole frame, or the content of the envelope; then `head` applies to the members beside it.
    `bare` has the types without a field of their own. `constants` are added to requests of a type, and `replies` (by
    the wire's type) replace frames of the protocol.
    """

    discriminator: str
    wire_discriminator: str
    types: Names
    head: Plan
    plans: Mapping[str, Plan]
    other: Plan
    envelope: Envelope | None
    bare: frozenset[str]
    constants: Mapping[str, Constants] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)

    def plan(self, kind: Any) -> Plan:
        """Give the plan of a type of the protocol."""
        return self.plans.get(kind, self.other) if isinstance(kind, str) else self.other

    def constants_of(self, kind: Any) -> Constants:
        """Give the constant members of a type of the protocol."""
        return self.constants.get(kind, Constants()) if isinstance(kind, str) else Constants()

    def to_wire(self, frame: Mapping[str, Any]) -> Translation:
        """Give the frame as the wire has it."""
        kind = frame.get(self.discriminator)
        notes = Notes()
        plan = self.plan(kind)
        added = self.constants_of(kind)
        notes.used.update(added.entries.values())
        if self.envelope is None:
            return Translation({**added.members, **to_wire(plan, dict(frame), notes)}, frozenset(notes.used))
        fields = {key: value for key, value in frame.items() if key != self.discriminator}
        head = {key: value for key, value in frame.items() if key == self.discriminator}
        notes.used.add(self.envelope.entry)
        inner = {self.envelope.member: {**added.members, **to_wire(plan, fields, notes)}}
        value = {**to_wire(self.head, head, notes), **inner, **self.envelope.extra}
        return Translation(value, frozenset(notes.used))

    def from_wire(self, value: dict[str, Any]) -> Translation:
        """Give the frame as the protocol has it, or the problem, in the wire's words."""
        name = value.get(self.wire_discriminator)
        reply = self.replies.get(name) if isinstance(name, str) else None
        if reply is not None and reply.fits(value if self.envelope is None else value.get(self.envelope.member)):
            return self._replaced(reply, value)
        kind = self.types.from_wire(name)
        if not isinstance(kind, str) or kind not in self.plans:
            return Translation(value, frozenset(), self._unknown(name))
        notes = Notes()
        plan = self.plan(kind)
        if self.envelope is None:
            found = from_wire(plan, value, notes)
            return Translation(found, frozenset(notes.used), faults=tuple(notes.faults))
        member = self.envelope.member
        if member not in value and kind not in self.bare:
            problem = f"it has no `{member}`, which holds the fields in the target's dialect"
            return Translation(value, frozenset(), problem)
        fields = value.get(member, {})
        if not isinstance(fields, dict):
            return Translation(value, frozenset(), f"its `{member}` is {show(fields)}, and no object with the fields")
        found = from_wire(plan, fields, notes, wire=member)
        found.pop(self.discriminator, None)  # The protocol has no field of this name.
        notes.used.add(self.envelope.entry)
        head = from_wire(self.head, {self.wire_discriminator: name}, notes)
        return Translation({**head, **found}, frozenset(notes.used), faults=tuple(notes.faults))

    def _replaced(self, reply: Reply, value: dict[str, Any]) -> Translation:
        """Give the frame of the protocol that another one of the server replaces."""
        content = value if self.envelope is None else value[self.envelope.member]
        kept = {key: item for key, item in content.items() if key not in reply.when}
        kept.pop(self.wire_discriminator if self.envelope is None else self.discriminator, None)
        notes = Notes({reply.entry} if self.envelope is None else {reply.entry, self.envelope.entry})
        found = from_wire(self.plan(reply.kind), kept, notes)
        whole = {self.discriminator: reply.kind, **found, **reply.fields}
        return Translation(whole, frozenset(notes.used), faults=tuple(notes.faults))

    def _unknown(self, name: Any) -> str:
        called = self.types.forward.get(name) if isinstance(name, str) and name in self.types.entries else None
        known = "not in the protocol, nor" if called is None else f"called {called!r:.80}"
        return f"its `{self.wire_discriminator}` is {name!r:.80}, which is {known} in the target's dialect"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of a target: `incoming` is what clients send, `outgoing` what the server sends (as in `spec/`).

    `ids` has the form of each kind of id that is no UUID.
    """

    incoming: Direction
    outgoing: Direction
    ids: Mapping[str, Form] = field(default_factory=dict)
    differences: tuple[DialectEntry, ...] = ()


def nobodys_id(dialect: Dialect | None) -> str:
    """Invent an id that names nothing, for any kind: an integer can replace an id of any other form."""
    integers = [form for form in (dialect.ids.values() if dialect else ()) if isinstance(form, Integer)]
    return min(integers, key=lambda form: form.largest).invented() if integers else Uuid().invented()


def form_of(dialect: Dialect | None, kind: str) -> Form:
    """Give the form of a kind of id on a target."""
    plain: Form = Uuid()
    return plain if dialect is None else dialect.ids.get(kind, plain)


def provided(form: Form, given: str | int) -> str:
    """Give the UUID of an id that a driver got from the target; an integer may be written as a text there.

    Raises ProvisioningFailed where it is none of this form: every request with it would be wrong by our own fault.
    """
    if isinstance(form, Uuid) and canonical(given) is None:
        raise ProvisioningFailed(
            f"the driver gives the id {given!r:.80}, and the protocol has UUIDs in lower case: a server with other ids"
            " needs `dialect: {ids: integer}` or `dialect: {ids: opaque}`"
        )
    number = isinstance(form, Integer) and isinstance(given, str) and given.isdecimal() and len(given) < DIGITS
    try:
        return form.from_wire(int(given) if number else given)
    except ValueError as wanted:
        raise ProvisioningFailed(f"the driver gives the id {given!r:.80}, and the dialect has {wanted}") from None


def wire_type(dialect: Dialect | None, kind: str) -> str:
    """Give the wire's name of a request type."""
    return str(dialect.incoming.types.to_wire(kind)) if dialect else kind
