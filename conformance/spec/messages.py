"""The message types: their JSON Schemas, compiled for the fast check, with jsonschema for the description.

A schema may have `x-rule` at any place: the rule that a frame breaks if it is wrong there. The nearest one above the
broken keyword counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, relevance
from referencing import Registry, Resource

from conformance.errors import BadFile, Mistake
from conformance.files.documents import read_json
from conformance.files.formats import missing
from conformance.files.show import show
from conformance.spec.shapes import Shape, read_shape

if TYPE_CHECKING:
    from pathlib import Path

    from referencing._core import Resolver

MAX_VIOLATIONS = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """A place where a frame breaks its schema: a sentence, and the rule that this place belongs to (None: none).

    `place` is the path without indices and the keyword of the schema (`messages[].content type`).
    """

    message: str
    rule: str | None
    place: str = ""

    @property
    def field(self) -> tuple[str, ...]:
        """Give the path of what is wrong or missing, as `("messages", "[]", "content")`; empty: the whole frame."""
        at, _, absent = self.place.partition("required")
        path = f"{at.strip()}.{absent.strip()}" if absent else self.place.rpartition(" ")[0]
        return tuple(filter(None, path.replace("[]", ".[]").split(".")))


@dataclass(frozen=True, slots=True)
class Message:
    """One message type of one direction; `fields` are the names of its fields."""

    type: str
    file: Path
    schema: Mapping[str, Any]
    fields: frozenset[str]
    _compiled: jsonschema_rs.Validator
    _explaining: Draft202012Validator
    _resolver: Resolver[Any]

    @property
    def rule(self) -> str | None:
        """The rule that a malformed or unexpected frame of this type breaks."""
        found: str | None = self.schema.get("x-rule")
        return found

    @property
    def reply(self) -> Mapping[str, Any] | None:
        """The success reply to this request: `{"type": …, "with": {…}}`; None: it is answered only when it fails."""
        found: Mapping[str, Any] | None = self.schema.get("x-reply")
        return found

    @property
    def echo(self) -> Mapping[str, str]:
        """The live events of this request that its own connection may see: type → the field that names the actor."""
        found: Mapping[str, str] = self.schema.get("x-echo", {})
        return found

    @property
    def never(self) -> Mapping[str, str]:
        """The places, such as `items[].name`, that no compliant server fills: place → reason."""
        found: Mapping[str, str] = self.schema.get("x-never", {})
        return found

    @property
    def shape(self) -> Shape:
        """What it is made of."""
        return read_shape(self.schema, self._resolver)

    def rules_of(self, path: Sequence[str]) -> frozenset[str]:
        """Give the rules that a field, or each item of its list, belongs to: `("messages", "[]", "content")`."""
        part, resolver, _ = _followed(self.schema, self._resolver)
        rules: list[str] = []
        for name in path:
            inner = part.get("items") if name == "[]" else part.get("properties", {}).get(name)
            if inner is None:
                return frozenset()
            part, resolver, rules = _followed(inner, resolver)
        return frozenset(rules + (_followed(part["items"], resolver)[2] if "items" in part else []))

    def violations(self, frame: Any) -> list[Violation]:
        """Give what is wrong with a frame, at most `MAX_VIOLATIONS`, the most important first; empty: it fits."""
        try:
            if self._compiled.is_valid(frame):
                return []
            errors = sorted(self._explaining.iter_errors(frame), key=relevance, reverse=True)
            found = [
                Violation(_say(error), _owner(error, self.schema, self._resolver), _place(error))
                for error in errors[:MAX_VIOLATIONS]
            ]
        except (ValueError, RecursionError):  # Each of the two has a limit of depth.
            return [Violation("the frame is nested too deeply to be checked", self.schema.get("x-rule"))]
        # The two validators differ on leap seconds; whoever says no, the frame is not one that every client can read.
        return found or [Violation("the frame does not fit its schema", self.schema.get("x-rule"))]


def read_messages(folder: Path, common: dict[str, Any]) -> dict[str, Message]:
    """Read a folder of message schemas, by type; raises BadFile."""
    messages: dict[str, Message] = {}
    mistakes: list[Mistake] = []
    for file in sorted(folder.glob("*.json")):
        schema = read_json(file)
        try:
            messages[file.stem] = _message(file, schema, common)
        except KeyError as error:
            mistakes.append(Mistake(file, 0, f"this is not a usable message schema: it has no {error}"))
        except (ValueError, TypeError, SchemaError, jsonschema_rs.ReferencingError) as error:
            mistakes.append(Mistake(file, 0, f"this is not a usable message schema: {str(error).splitlines()[0]}"))
    if mistakes:
        raise BadFile(*mistakes)
    return messages


_FORMATS = FormatChecker()


def _check_formats(schema: Any) -> None:
    """Refuse a `format` that jsonschema would ignore: it checks some only if their package is installed."""
    if isinstance(schema, dict):
        wanted = schema.get("format")
        if isinstance(wanted, str) and wanted not in _FORMATS.checkers:
            raise ValueError(f"nothing here can check the format {wanted!r}")
        for part in schema.values():
            _check_formats(part)
    elif isinstance(schema, list):
        for part in schema:
            _check_formats(part)


def _message(file: Path, schema: dict[str, Any], common: dict[str, Any]) -> Message:
    if not jsonschema_rs.meta.is_valid(schema):
        Draft202012Validator.check_schema(schema)  # It gives the description, and is slow.
    if schema["properties"]["type"]["const"] != file.stem:
        raise ValueError(f"its `type` is {schema['properties']['type']['const']!r}, not the name of the file")
    if not isinstance(schema.get("x-reply", {"type": ""})["type"], str):
        raise ValueError("the `type` of its `x-reply` is no text")
    _check_formats([schema, common])
    contents = [(one["$id"], one) for one in (schema, common)]
    registry: Registry[Any] = Registry().with_resources([(uri, Resource.from_contents(one)) for uri, one in contents])
    rust = jsonschema_rs.Registry(contents)
    return Message(
        type=file.stem,
        file=file,
        schema=schema,
        fields=frozenset(schema["properties"]),
        _compiled=jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, ignore_unknown_formats=False, registry=rust
        ),
        _explaining=Draft202012Validator(schema, registry=registry, format_checker=_FORMATS),
        _resolver=registry.resolver(base_uri=schema["$id"]),
    )


def _followed(part: Mapping[str, Any], resolver: Resolver[Any]) -> tuple[Mapping[str, Any], Resolver[Any], list[str]]:
    """Give what a schema refers to, in the end, and each `x-rule` on the way."""
    rules = [part["x-rule"]] if "x-rule" in part else []
    while "$ref" in part:
        found = resolver.lookup(part["$ref"])
        part, resolver = found.contents, found.resolver
        rules += [part["x-rule"]] if "x-rule" in part else []
    return part, resolver, rules


def _say(error: Any) -> str:
    where = error.json_path.removeprefix("$").removeprefix(".")
    if error.validator == "required":
        key = missing(error)
        return f"`{f'{where}.{key}' if where else key}` is missing"
    wanted = error.schema.get("description") if error.validator in ("pattern", "format") else None
    if wanted:
        return f"`{where}` is {show(error.instance)}, not {wanted[0].lower()}{wanted[1:].rstrip('.')}"
    return f"`{where}`: {show(error.message, 160)}" if where else show(error.message, 160)


def _place(error: Any) -> str:
    path = "".join("[]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    names = (path.removeprefix("."), str(error.validator), missing(error) if error.validator == "required" else "")
    return " ".join(filter(None, names))


def _owner(error: Any, schema: Mapping[str, Any], resolver: Resolver[Any]) -> str | None:
    """Find the `x-rule` nearest to the broken keyword, on the path from the top."""
    owner = schema.get("x-rule")
    part: Any = schema
    for key in error.absolute_schema_path:
        while isinstance(part, Mapping) and key not in part and "$ref" in part:  # an error's path leaves $ref out
            found = resolver.lookup(part["$ref"])
            part, resolver = found.contents, found.resolver
            owner = part.get("x-rule", owner)
        part = part[key]
        if isinstance(part, Mapping):
            owner = part.get("x-rule", owner)
    return owner
