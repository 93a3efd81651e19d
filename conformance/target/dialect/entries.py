"""The entries of a `dialect:` section: looked up with the right precedence, and checked against the protocol."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.results.runlog.records import DialectEntry
from conformance.target.dialect.additions import CONSTANTS, REPLIES, constant_entries, reply_entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from conformance.errors import Mistake
    from conformance.files.documents import Document, Steps
    from conformance.spec import Spec
    from conformance.spec.shapes import Shape
    from conformance.target.dialect.names import Word

SECTION = "dialect"
WAYS = ("incoming", "outgoing")
_TABLES = ("types", "fields", "values", "objects", "messages")


@dataclass(frozen=True, slots=True)
class Section:
    """The section as written; an entry of one direction takes precedence over an entry of both."""

    document: Document

    @property
    def value(self) -> Mapping[str, Any]:
        """Give the section."""
        found: Mapping[str, Any] = self.document.value[SECTION]
        return found

    def find(self, way: str, *path: str) -> tuple[Any, Steps] | None:
        """Give the value for a direction, and its place in the section; None: there is none."""
        for steps in ((way, *path), path):
            value: Any = self.value
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                return value, steps
        return None

    def mistake(self, message: str, steps: Steps) -> Mistake:
        """Say what is wrong with the value at these steps of the section."""
        return self.document.mistake(f"`{entry(steps)}`: {message}", (SECTION, *steps))


def entry(steps: Steps) -> str:
    """Name an entry as reports do: `fields.content`."""
    return ".".join(map(str, steps))


def differences(section: Section) -> Iterator[DialectEntry]:
    """Give every entry in the order of the file."""
    yield from _entries(section.value, ())


def _entries(value: Mapping[str, Any], steps: Steps) -> Iterator[DialectEntry]:
    for key, item in value.items():
        here = (*steps, key)
        if key in WAYS:
            yield from _entries(item, here)
        elif key in _TABLES:
            yield from (DialectEntry(entry((*here, *path)), path[-1], str(wire)) for path, wire in _leaves(item))
        elif key == "envelope":
            member, extra = (item, {}) if isinstance(item, str) else (item["member"], item.get("extra", {}))
            beside = f" beside {', '.join(extra)}" if extra else ""
            yield DialectEntry(entry(here), "no envelope", f"the fields are in {member}{beside}")
        elif key == "ids":
            kinds = {(): item} if isinstance(item, str) else {(kind,): one for kind, one in item.items()}
            yield from (DialectEntry(entry((*here, *kind)), "uuid", _form(form)) for kind, form in kinds.items())
        elif key == CONSTANTS:
            yield from constant_entries(item, entry(here))
        elif key == REPLIES:
            yield from reply_entries(item, entry(here))
        else:
            yield DialectEntry(entry(here), key, str(item))


def _form(form: Any) -> str:
    return form if isinstance(form, str) else f"integer up to {form['largest']}"


def _leaves(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Word]]:
    for key, item in value.items():
        if isinstance(item, dict):
            yield from (((key, *path), wire) for path, wire in _leaves(item))
        else:
            yield (key,), item


def unknown(section: Section, spec: Spec) -> Iterator[Mistake]:
    """Find every name that the protocol does not have."""
    for base in ((), *((way,) for way in WAYS)):
        ways = base or WAYS
        shapes = [(kind, message.shape) for way in ways for kind, message in getattr(spec, way).items()]
        kinds: dict[str, list[str]] = {}  # A type of both directions has the fields of both.
        for kind, shape in shapes:
            kinds.setdefault(kind, []).extend(name for name in shape.fields if name != spec.protocol.discriminator)
        objects = dict(_objects([shape for _, shape in shapes]))
        everything = [*(shape for _, shape in shapes), *objects.values()]
        fields = {name for shape in everything for name in shape.fields}
        words = dict(_words(everything))
        value: Any = section.value
        for step in base:
            value = value.get(step, {})
        fields.discard(spec.protocol.discriminator)
        yield from _check(section, (*base, "types"), value, "message type", kinds)
        yield from _check(section, (*base, "fields"), value, "field", fields)
        yield from _check(section, (*base, "values"), value, "field with known words", words)
        yield from _check(section, (*base, "objects"), value, "shared object", objects)
        yield from _check(section, (*base, "messages"), value, "message type", kinds)
        parts: dict[str, tuple[Mapping[str, Collection[str]], str]] = {
            "values": (words, "word"),
            "objects": ({name: [*shape.fields] for name, shape in objects.items()}, "field"),
            "messages": (kinds, "field"),
        }
        for table, (known, what) in parts.items():
            for name in value.get(table, {}).keys() & known.keys():
                yield from _check(section, (*base, table, name), value[table], f"{what} of {name}", known[name])
    ids = section.value.get("ids")
    if isinstance(ids, dict):
        yield from _check(section, ("ids",), section.value, "kind of id", spec.protocol.ids)


def _check(
    section: Section, steps: Steps, value: Mapping[str, Any], what: str, known: Collection[str]
) -> Iterator[Mistake]:
    for name in value.get(str(steps[-1]), {}):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
            yield section.mistake(f"the protocol has no {what} {name!r:.80}; {meant}", (*steps, name))


def _objects(shapes: Collection[Shape]) -> Iterator[tuple[str, Shape]]:
    for shape in shapes:
        below = [*shape.fields.values(), *([shape.items] if shape.items else [])]
        yield from ((one.definition, one) for one in below if one.definition and one.fields)
        yield from _objects(below)


def _words(shapes: Collection[Shape]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for shape in shapes:
        yield from ((name, below.values) for name, below in shape.fields.items() if below.values)
