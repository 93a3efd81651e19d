"""Reads the `dialect:` section of a target file into a frozen dialect, and finds every mistake in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.target.dialect.entries import WAYS, Section, differences, entry, unknown
from conformance.target.dialect.ids import LARGEST, Form, form
from conformance.target.dialect.model import Dialect, Direction, Envelope
from conformance.target.dialect.names import Names, permutation
from conformance.target.dialect.plan import Plan
from conformance.target.dialect.reading_additions import read_constants, read_replies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.errors import Mistake
    from conformance.files.documents import Document, Steps
    from conformance.spec import Spec
    from conformance.spec.shapes import Shape
    from conformance.target.dialect.additions import Constants, Reply
    from conformance.target.dialect.names import Word

    _Rename = tuple[str, Any, Steps | None]
    """A word of the protocol, the wire's word, and its place in the section."""


def read_dialect(document: Document, spec: Spec) -> Dialect | None:
    """Read the section of a document that fits `formats/target.schema.json`; None: it has none. Raises BadFile."""
    if not document.value.get("dialect"):
        return None
    section = Section(document)
    mistakes = list(unknown(section, spec))
    if mistakes:
        raise BadFile(*mistakes)
    forms, entries = _forms(section, spec)
    builders = [_Builder(section, spec, way, forms, entries) for way in WAYS]
    incoming, outgoing = (builder.direction() for builder in builders)
    found = {key: mistake for builder in reversed(builders) for key, mistake in reversed(builder.mistakes.items())}
    if found:
        raise BadFile(*sorted(found.values(), key=lambda mistake: mistake.line))
    return Dialect(incoming, outgoing, forms, tuple(differences(section)))


def _forms(section: Section, spec: Spec) -> tuple[dict[str, Form], dict[str, str]]:
    """Give the form of each kind of id that differs from the protocol's, and its entry."""
    given = section.value.get("ids", {})
    by_kind = dict.fromkeys(spec.protocol.ids, given) if isinstance(given, str) else given
    forms: dict[str, Form] = {}
    for kind, one in by_kind.items():
        name, largest = (one, LARGEST) if isinstance(one, str) else ("integer", one["largest"])
        if name != "uuid":
            forms[kind] = form(name, largest)
    return forms, {kind: "ids" if isinstance(given, str) else f"ids.{kind}" for kind in forms}


class _Builder:
    """Builds one direction, and collects its ambiguities."""

    def __init__(
        self, section: Section, spec: Spec, way: str, forms: Mapping[str, Form], entries: Mapping[str, str]
    ) -> None:
        self.mistakes: dict[tuple[Any, ...], Mistake] = {}
        self._section = section
        self._way = way
        self._messages = getattr(spec, way)
        self._kinds = {name: kind for kind, names in spec.protocol.ids.items() for name in names if kind in forms}
        self._forms = forms
        self._entries = entries
        self._discriminator = spec.protocol.discriminator
        self._wire_discriminator: str = self._discriminator
        self._found: Steps | None = None
        found = section.find(way, "discriminator")
        if found is not None:
            self._wire_discriminator, self._found = found
        self._envelope = self._read_envelope()
        self._words: dict[str, Names] = {}

    def direction(self) -> Direction:
        """Build the direction."""
        types = self._permutation([self._one(kind, ("types",)) for kind in self._messages], f"the {self._way} types")
        shapes = {kind: message.shape for kind, message in self._messages.items()}
        plans = {kind: self._message(shape, kind, types) for kind, shape in shapes.items()}
        constants, replies = self._additions(plans, shapes, types)
        return Direction(
            discriminator=self._discriminator,
            wire_discriminator=self._wire_discriminator,
            types=types,
            head=Plan(
                names=self._permutation([(self._discriminator, self._wire_discriminator, self._found)], "a frame"),
                fields={self._discriminator: Plan(words=types)},
            ),
            plans=plans,
            other=self._message(None, None, types),
            envelope=self._envelope,
            bare=frozenset(kind for kind, shape in shapes.items() if shape.required <= {self._discriminator}),
            constants=constants,
            replies=replies,
        )

    def _additions(
        self, plans: Mapping[str, Plan], shapes: Mapping[str, Shape], types: Names
    ) -> tuple[dict[str, Constants], dict[str, Reply]]:
        """Read what this direction has beyond renaming."""
        fields = {kind: tuple(shape.fields) for kind, shape in shapes.items()}
        mistakes: list[Mistake] = []
        constants: dict[str, Constants] = {}
        replies: dict[str, Reply] = {}
        if self._way == "incoming":
            constants = read_constants(self._section, plans, fields, mistakes)
        else:
            wire = {types.to_wire(kind): kind for kind in shapes}
            replies = read_replies(self._section, wire, fields, mistakes)
        self.mistakes.update(((mistake.line, mistake.message), mistake) for mistake in mistakes)
        return constants, replies

    def _read_envelope(self) -> Envelope | None:
        found = self._section.find(self._way, "envelope")
        if found is None:
            return None
        value, steps = found
        member, extra = (value, {}) if isinstance(value, str) else (value["member"], value.get("extra", {}))
        names = [self._wire_discriminator, member, *extra]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            self.mistakes[steps] = self._section.mistake(f"{twice!r:.80} would be in a frame twice", steps)
        return Envelope(member, extra, entry(steps))

    def _one(self, name: str, *tables: Steps) -> _Rename:
        """Find the wire's word for a word of the protocol, in the first of these tables that has it."""
        for table in tables:
            found = self._section.find(self._way, *map(str, table), name)
            if found is not None:
                return name, *found
        return name, name, None

    def _permutation(self, renames: Iterable[_Rename], where: str) -> Names:
        """Check that no two words become one, and complete them to a permutation."""
        taken: dict[Word, _Rename] = {}
        kept: list[tuple[Word, Word, str]] = []
        for one in renames:
            name, wire, steps = one
            other = taken.setdefault(wire, one)
            if other is not one:
                guilty = steps or other[2]
                if guilty is not None:
                    both = sorted((name, other[0]))
                    message = f"{' and '.join(both)} would both be {wire!r:.80} on the wire, in {where}"
                    self.mistakes.setdefault((*guilty, *both), self._section.mistake(message, guilty))
            elif steps is not None:
                kept.append((name, wire, entry(steps)))
        return permutation(kept)

    def _message(self, shape: Shape | None, kind: str | None, types: Names) -> Plan:
        """Plan a whole frame without an envelope, or what the envelope holds."""
        tables: tuple[Steps, ...] = (("fields",),) if kind is None else (("messages", kind), ("fields",))
        own = {} if shape is None else {name: one for name, one in shape.fields.items() if name != self._discriminator}
        renames = [self._one(name, *tables) for name in own]
        below = {name: self._below(name, one) for name, one in own.items()}
        if self._envelope is None:
            renames.append((self._discriminator, self._wire_discriminator, self._found))
            below[self._discriminator] = Plan(words=types)
        # A frame may contain a field that its type does not have, to be ignored: it is renamed, too.
        taken = {wire for _, wire, _ in renames}
        for name, wire, steps in (self._one(name, ("fields",)) for name in self._elsewhere(own)):
            if wire not in taken:
                taken.add(wire)
                renames.append((name, wire, steps))
                below[name] = self._below(name, None)
        return Plan(
            names=self._permutation(renames, kind or "a frame"),
            fields={name: plan for name, plan in below.items() if not plan.idle},
        )

    def _elsewhere(self, own: Mapping[str, Shape]) -> Iterator[str]:
        """Give the fields of other types that the dialect renames."""
        named = {
            name
            for table in (self._section.value, self._section.value.get(self._way, {}))
            for name in table.get("fields", {})
        }
        yield from sorted((named | self._kinds.keys()) - own.keys() - {self._discriminator})

    def _below(self, name: str, shape: Shape | None) -> Plan:
        """Plan the value of a field; without a shape, an id or nothing."""
        rule = shape.rule if shape else None
        if shape is not None and shape.items is not None:
            items = self._below(name, shape.items)
            return Plan(items=None if items.idle else items)
        if name in self._kinds:
            kind = self._kinds[name]
            return Plan(ids=self._forms[kind], entry=self._entries[kind], rule=rule)
        if shape is None:
            return Plan()
        if shape.fields:
            return self._object(shape)
        words = self._words_of(name, shape)
        return Plan(words=words if words.forward else None, rule=rule)

    def _object(self, shape: Shape) -> Plan:
        tables = (("objects", str(shape.definition)), ("fields",))
        names = self._permutation([self._one(name, *tables) for name in shape.fields], str(shape.definition))
        below = {name: self._below(name, one) for name, one in shape.fields.items()}
        return Plan(names=names, fields={name: plan for name, plan in below.items() if not plan.idle})

    def _words_of(self, name: str, shape: Shape) -> Names:
        if name not in self._words:
            renames = [self._one(word, ("values", name)) for word in shape.values]
            self._words[name] = self._permutation(renames, f"the words of {name}")
        return self._words[name]
