"""The places of a message: every property that its schema has, at any depth, and those that a frame fills.

A place is written `messages[].attachments[].width`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Place:
    """One property: where, the place around it (empty: the frame itself), whether it may be absent, its values."""

    path: str
    inside: str
    optional: bool
    values: tuple[Any, ...] = ()


def places(schema: Mapping[str, Any], common: Mapping[str, Any], skip: str) -> Iterator[Place]:
    """Give the places of a schema; `common` holds the definitions it refers to, `skip` is the discriminator."""
    yield from (place for place in _places(schema, common, "") if place.path != skip)


def _places(schema: Mapping[str, Any], common: Mapping[str, Any], prefix: str) -> Iterator[Place]:
    for name, written in schema.get("properties", {}).items():
        part = _resolved(written, common)
        values = tuple(value for value in part.get("enum", ()) if value is not None)
        optional = name not in schema.get("required", ()) or None in part.get("enum", ()) or "null" in _types(part)
        yield Place(f"{prefix}{name}", prefix.removesuffix("."), optional, values)
        yield from _places(*_inner(part, common, f"{prefix}{name}"))


def filled(frame: Any, schema: Mapping[str, Any], common: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give each place that a frame fills with its value (None for null); a list also fills `list[]`.

    A value without the shape of its schema, such as a list that the log has shortened to a text, fills its own place
    and none inside.
    """
    yield from _filled(frame, schema, common, "")


def _filled(value: Any, schema: Mapping[str, Any], common: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        return
    for name, written in schema.get("properties", {}).items():
        if name not in value:
            continue
        yield f"{prefix}{name}", value[name]
        inner, _, below = _inner(_resolved(written, common), common, f"{prefix}{name}")
        if below.endswith("[].") and isinstance(value[name], list):
            for item in value[name]:
                yield below.removesuffix("."), item
                yield from _filled(item, inner, common, below)
        elif not below.endswith("[]."):
            yield from _filled(value[name], inner, common, below)


def _inner(
    part: Mapping[str, Any], common: Mapping[str, Any], path: str
) -> tuple[Mapping[str, Any], Mapping[str, Any], str]:
    """Give the schema inside a property (of the items of a list), and the beginning of the paths in it."""
    if "items" in part:
        return _resolved(part["items"], common), common, f"{path}[]."
    return part, common, f"{path}."


def _resolved(schema: Mapping[str, Any], common: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to a shared definition: `…#/$defs/Name`."""
    if "$ref" not in schema:
        return schema
    return {**common["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def _types(part: Mapping[str, Any]) -> list[str]:
    kinds = part.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds
