"""Checks our own files against the JSON Schemas of `spec/formats/`, and describes mistakes in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conformance.errors import BadFile, Mistake
from conformance.files.did_you_mean import did_you_mean
from conformance.files.documents import read_json
from conformance.files.show import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from conformance.files.documents import Document, Steps


DRAFT = "https://json-schema.org/draft/2020-12/schema"


def check_head(file: Path, schema: Any, kind: str) -> None:
    """Raise BadFile for a schema without an `$id`, or of another draft: other schemas could not refer to it."""
    if not isinstance(schema, dict) or not isinstance(schema.get("$id"), str):
        raise BadFile(Mistake(file, 0, f"this is not a usable {kind}: it has no `$id`"))
    if schema.get("$schema", DRAFT) != DRAFT:
        raise BadFile(Mistake(file, 0, f"this is not a usable {kind}: its `$schema` is not {DRAFT}"))


class Format:
    """One of the formats: a compiled schema for the fast check, jsonschema for the description."""

    def __init__(self, schema: dict[str, Any], fast: jsonschema_rs.Registry, registry: Registry[Any]) -> None:
        self._compiled = jsonschema_rs.Draft202012Validator(schema, registry=fast)
        self._validator = Draft202012Validator(schema, registry=registry)

    def check(self, document: Document) -> None:
        """Raise BadFile with every mistake of the document."""
        if self._compiled.is_valid(document.value):
            return
        found = {place for error in self._validator.iter_errors(document.value) for place in explain(error)}
        mistakes = [document.mistake(message, path) for path, message in sorted(found, key=str)]
        if mistakes:
            raise BadFile(*sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line))


class Formats:
    """All formats of one spec folder, by name: `formats["scenario"]`."""

    def __init__(self, folder: Path) -> None:
        schemas = {file: read_json(file) for file in sorted(folder.glob("*.schema.json"))}
        self._folder = folder
        self._formats: dict[str, Format] = {}
        fast: jsonschema_rs.Registry | None = None
        for file, schema in schemas.items():
            check_head(file, schema, "format")
        known = [(schema["$id"], schema) for schema in schemas.values()]
        resources = [(uri, Resource.from_contents(schema)) for uri, schema in known]
        registry: Registry[Any] = Registry().with_resources(resources)
        for file, schema in schemas.items():
            try:
                fast = fast or jsonschema_rs.Registry(known)
                self._formats[file.name.removesuffix(".schema.json")] = Format(schema, fast, registry)
            except ValueError as error:
                lost = _LOST.match(str(error))
                if lost:
                    raise BadFile(Mistake(folder / lost[1], 0, "this format is missing from the spec")) from None
                raise BadFile(Mistake(file, 0, f"this is not a usable format: {str(error).splitlines()[0]}")) from None

    def __getitem__(self, name: str) -> Format:
        try:
            return self._formats[name]
        except KeyError:
            file = self._folder / f"{name}.schema.json"
            raise BadFile(Mistake(file, 0, "this format is missing from the spec")) from None


_LOST = re.compile(r"Resource '[^']*/([^'/]+)' is not present")

RENAMED = {"onlookers": "bystanders", "politeness": "throttle", "traps": "honeypots"}
"""Keys of earlier versions and their new names."""

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def explain(error: Any, base: Steps = ()) -> list[tuple[Steps, str]]:
    """Describe a schema error as (path, sentence) pairs; of alternatives, only the one that was meant."""
    path: Steps = (*base, *error.relative_path)
    if error.validator in ("anyOf", "oneOf") and error.context:
        return _meant(error, path)
    match error.validator:
        case "additionalProperties" if error.validator_value is False:
            allowed = sorted(error.schema.get("properties", ()))
            return [((*path, key), _unknown_key(key, allowed)) for key in error.instance if key not in allowed]
        case "required":
            key = missing(error)
            allowed = error.schema.get("properties", ())
            closed = error.schema.get("additionalProperties") is False
            if closed and any(
                RENAMED.get(other) == key or _guess(other, [key]) for other in error.instance if other not in allowed
            ):
                return []  # It is there under another name, which another error reports.
            return [(path, f"`{key}` is missing here")]
    return [(path, f"{_name(path)}{_wrong(error)}")]


def missing(error: Any) -> str:
    """Give the key of a `required` error; only its text says which key is missing."""
    found: str = next(key for key in error.validator_value if error.message.startswith(repr(key)))
    return found


def _name(path: Steps) -> str:
    """Name a place by the nearest key: `at`, or an item of it."""
    if not path:
        return ""
    if isinstance(path[-1], str):
        return f"`{path[-1]}`: "
    keys = [step for step in path if isinstance(step, str)]
    return f"`{keys[-1]}`, item {path[-1] + 1}: " if keys else ""


def _wrong(error: Any) -> str:
    """Say what is wrong with one value."""
    shown, wanted = show(error.instance), error.validator_value
    match error.validator:
        case "type":
            return f"{shown} should be {_types([wanted] if isinstance(wanted, str) else wanted)}"
        case "enum":
            return f"{shown} is not one of {', '.join(map(_word, wanted))}{_guess(error.instance, wanted)}"
        case "const":
            return f"{shown} should be {show(wanted)}"
        case "pattern":
            return f"{shown} does not look as it should: {error.schema.get('description', f'it must match {wanted}')}"
        case "minimum":
            return f"{shown} should be at least {wanted}"
        case "maximum":
            return f"{shown} should be at most {wanted}"
        case "exclusiveMinimum":
            return f"{shown} should be more than {wanted}"
        case "minItems" | "minProperties" | "minLength" if wanted == 1:
            return "this should not be empty"
        case "minItems":
            return f"a list of at least {wanted} is needed here"
        case "minLength":
            return f"{shown} is too short; {wanted} characters are the least"
        case "maxProperties":
            return f"only {wanted} of {', '.join(error.instance)} can be here"
        case "uniqueItems":
            return f"something is in {shown} twice"
    message: str = error.message
    return message if len(message) < 200 else f"{message[:200]}…"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _types(names: Iterable[str]) -> str:
    return " or ".join(_TYPES.get(name, name) for name in dict.fromkeys(names))


def _meant(error: Any, path: Steps) -> list[tuple[Steps, str]]:
    """Pick the alternative that was meant: a step by its key, anything else by its type."""
    branches: dict[int, list[Any]] = {index: [] for index in range(len(error.validator_value))}
    for inner in error.context:
        branches[int(inner.schema_path[0])].append(inner)
    steps = {_step(error.validator_value[index]): inners for index, inners in branches.items()}
    if None not in steps:
        return _step_meant(error.instance, steps, path)
    if all(set(one) <= {"const", "description"} for one in error.validator_value):
        wanted = ", ".join(str(one["const"]) for one in error.validator_value)
        return [(path, f"{_name(path)}{show(error.instance)} is not one of {wanted}")]
    if not (isinstance(error.instance, str) and "${" in error.instance):
        kept = [index for index in branches if not _is_reference(error.validator_value[index])]
        branches = {index: branches[index] for index in kept or branches}
    typed = [inners for inners in branches.values() if not any(_is_type(inner) for inner in inners)]
    if typed:
        deepest = max(typed, key=lambda some: (max(len(inner.absolute_path) for inner in some), -len(some)))
        return [place for inner in deepest for place in explain(inner, path)]
    types = [inner.validator_value for some in branches.values() for inner in some if _is_type(inner)]
    names = [name for one in types for name in ([one] if isinstance(one, str) else one)]
    return [(path, f"{_name(path)}{show(error.instance)} should be {_types(names)}")]


def _step_meant(value: Any, steps: Mapping[str | None, list[Any]], path: Steps) -> list[tuple[Steps, str]]:
    """Explain an invalid step; a few steps have keys that are also names of other steps, so those come later."""
    if not isinstance(value, dict):
        return []  # Another error reports it.
    kinds = [key for key in value if key in steps]
    if not kinds:
        for key in value:
            meant = did_you_mean(key, filter(None, steps))
            if meant:
                return [((*path, key), f"there is no step {key!r}{meant}")]
        return [(path, f"this is no step; a step has one of the keys {', '.join(sorted(filter(None, steps)))}")]
    kind = min(kinds, key=lambda one: len(steps[one]))
    found = [place for inner in steps[kind] for place in explain(inner, path)]
    also = [one for one in kinds if one != kind and any(place == (*path, one) for place, _ in found)]
    if also:
        return [((*path, also[0]), f"`{kind}` and `{also[0]}` are two steps; begin each with a dash of its own")]
    return found


def _step(alternative: Any) -> str | None:
    """Give the name of a step, None for any other alternative."""
    before, _, name = alternative.get("$ref", "").rpartition("/step_")
    return name if before else None


def _is_reference(alternative: Any) -> bool:
    return bool(alternative.get("$ref", "").endswith(("/reference", "/case_reference")))


def _is_type(inner: Any) -> bool:
    """Say whether an error concerns the type of the value itself and not of a part of it."""
    return inner.validator == "type" and not inner.relative_path


def _unknown_key(wrong: str, allowed: list[str]) -> str:
    new = RENAMED.get(wrong)
    if new in allowed:
        return f"the key {wrong!r} has a new name: {new!r}"
    meant = _guess(wrong, allowed) or (f"; there are {', '.join(allowed)}" if allowed else "")
    return f"there is no key {wrong!r} here{meant}"


def _guess(wrong: Any, allowed: Iterable[Any]) -> str:
    return did_you_mean(str(wrong), map(str, allowed))
