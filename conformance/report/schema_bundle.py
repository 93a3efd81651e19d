"""Writes the formats of our own files as one JSON Schema, so that an editor needs one address for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.files.documents import read_json
from conformance.report.text import as_json

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".schema.json"
IDENTITY = frozenset({"$schema", "$id"})
"""What only a schema that is alone has."""
PARTS = frozenset({"message", "provision"})
"""Formats that no file has as a whole: a JSON Schema has an editor's help already, the other is a part of a target."""


def schema_bundle(formats: Path) -> str:
    """Give the bundle of a folder of formats, the same text for the same folder; raises BadFile.

    A document fits the bundle if it fits one of the formats. References between the formats become references inside
    the bundle, because few editors look for an embedded `$id`.
    """
    schemas = {file.name.removesuffix(SUFFIX): read_json(file) for file in sorted(formats.glob(f"*{SUFFIX}"))}
    return as_json(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://chat-parity.invalid/chat-parity.schema.json",
            "$comment": "Written by `chat-parity docs --schema-bundle` from formats/: run it again instead of editing.",
            "title": "A file of chat-parity",
            "description": "A scenario, probe, table, target, dialect or waivers file, or another file of chat-parity.",
            "anyOf": [{"$ref": f"#/$defs/{name}"} for name in schemas if name not in PARTS],
            "$defs": {name: _inside(schema, name) for name, schema in schemas.items()},
        }
    )


def _inside(schema: Any, name: str) -> Any:
    """Rewrite the references of a format for its place in the bundle."""
    if isinstance(schema, list):
        return [_inside(one, name) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _reference(value, name) if key == "$ref" and isinstance(value, str) else _inside(value, name)
        for key, value in schema.items()
        if key not in IDENTITY or isinstance(value, dict)  # a format may describe a property of this name
    }


def _reference(reference: str, name: str) -> str:
    file, _, pointer = reference.partition("#")
    return f"#/$defs/{file.removesuffix(SUFFIX) or name}{pointer}"
