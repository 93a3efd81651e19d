"""The shape of a message, read from its schema: its fields, their shared objects, and its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from referencing._core import Resolver


@dataclass(frozen=True, slots=True)
class Shape:
    """A message or a part of one.

    `fields` has the fields of an object, `items` the shape of a list's entries, `definition` the name of the shared
    definition, `values` the words of the protocol, and `rule` the rule that a wrong value breaks.
    """

    fields: Mapping[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    definition: str | None = None
    values: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    rule: str | None = None


def read_shape(
    schema: Mapping[str, Any], resolver: Resolver[Any], rule: str | None = None, within: tuple[str, ...] = ()
) -> Shape:
    """Read the shape of a schema; `rule` is the one around it, `within` the shared definitions that contains it."""
    rule = schema.get("x-rule", rule)
    definition = None
    if "$ref" in schema and schema["$ref"] not in within:
        found = resolver.lookup(schema["$ref"])
        within = (*within, schema["$ref"])
        definition, schema, resolver = schema["$ref"].rpartition("/")[2], found.contents, found.resolver
        rule = schema.get("x-rule", rule)
    known = schema.get("x-values", schema.get("enum", ()))
    return Shape(
        fields={name: read_shape(one, resolver, rule, within) for name, one in schema.get("properties", {}).items()},
        items=read_shape(schema["items"], resolver, rule, within) if "items" in schema else None,
        definition=definition,
        values=tuple(value for value in known if isinstance(value, str)),
        required=frozenset(schema.get("required", ())),
        rule=rule,
    )
