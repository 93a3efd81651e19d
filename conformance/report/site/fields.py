"""The fields of a message and of its parts as rows: name, type, limits and provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST = 6

_LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "characters at least:",
    "maxLength": "characters at most:",
    "minItems": "entries at least:",
    "maxItems": "entries at most:",
    "format": "format",
    "pattern": "matches",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `name` is its path, such as `items[].name`; `limits` are pairs of words and a value."""

    name: str
    type: str
    required: bool
    description: str
    provenance: str
    rule: str
    values: tuple[Any, ...]
    limits: tuple[tuple[str, Any], ...]


def fields(schema: Mapping[str, Any], common: Mapping[str, Any], within: str = "", depth: int = 0) -> Iterator[Field]:
    """Give the fields of a schema in its order, each followed by the fields inside it."""
    required = schema.get("required", ())
    for name, given in schema.get("properties", {}).items():
        part = _followed(given, common)
        place = f"{within}{name}"
        yield Field(
            name=place,
            type=_type(part, common),
            required=name in required,
            description=_description(given, part, common),
            provenance=str(given.get("x-provenance", "")),
            rule=str(part.get("x-rule", "")),
            values=tuple(part.get("x-values", part.get("enum", ()))) or ((part["const"],) if "const" in part else ()),
            limits=tuple((words, given[key]) for key, words in _LIMITS.items() if key in given),
        )
        if depth < DEEPEST:
            yield from fields(part, common, f"{place}.", depth + 1)
            if "items" in part:
                yield from fields(_followed(part["items"], common), common, f"{place}[].", depth + 1)


def _followed(part: Mapping[str, Any], common: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a part of a schema with the definition that it refers to; its own keys take precedence."""
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return part
    name = reference.rpartition("/")[2]
    shared = {key: value for key, value in common.get("$defs", {}).get(name, {}).items() if key != "title"}
    return {**shared, "title": common.get("$defs", {}).get(name, {}).get("title", name), **part}


def _description(given: Mapping[str, Any], part: Mapping[str, Any], common: Mapping[str, Any]) -> str:
    """Give the description of a field, and that of the shared definition, which explains its limits and patterns."""
    own, shared = str(part.get("description", "")), ""
    if "$ref" in given and "description" in given:
        shared = str(_followed({"$ref": given["$ref"]}, common).get("description", ""))
    return f"{own} {shared}".strip()


def _type(part: Mapping[str, Any], common: Mapping[str, Any]) -> str:
    """Name the type of a value: the shared definition if it has one, otherwise the JSON types."""
    given = part.get("type", _of(part.get("const")))
    names = [str(one) for one in (given if isinstance(given, list) else [given])]
    if "items" in part:
        names = [
            f"array of {_type(_followed(part['items'], common), common)}" if one == "array" else one for one in names
        ]
    shown = " or ".join(names)
    return f"{part['title']} ({shown})" if "title" in part and "$ref" in part else shown


def _of(constant: Any) -> str:
    """Name the type of a constant; `any` if there is none."""
    return "string" if isinstance(constant, str) else "any"


def rules_in(schema: Any) -> Iterator[str]:
    """Give every rule that a schema names, at any depth."""
    if isinstance(schema, dict):
        if isinstance(schema.get("x-rule"), str):
            yield schema["x-rule"]
        for value in schema.values():
            yield from rules_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from rules_in(value)
