"""Checks our own files against the JSON Schemas of `spec/formats/`, and says what is wrong in a person's words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conformance.documents import read_json
from conformance.errors import BadFile, Mistake
from conformance.matching import show

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.documents import Document, Steps


class Format:
    """One of the formats: a compiled schema for the yes or no, jsonschema for the words."""

    def __init__(self, schema: dict[str, Any], schemas: list[tuple[str, Any]]) -> None:
        registry: Registry[Any] = Registry().with_resources(
            [(uri, Resource.from_contents(one)) for uri, one in schemas]
        )
        self._compiled = jsonschema_rs.Draft202012Validator(schema, registry=jsonschema_rs.Registry(schemas))
        self._validator = Draft202012Validator(schema, registry=registry)

    def check(self, document: Document) -> None:
        """Raise BadFile with every mistake of the document."""
        if self._compiled.is_valid(document.value):
            return
        errors = sorted(self._validator.iter_errors(document.value), key=lambda error: list(map(str, error.path)))
        if errors:
            raise BadFile(*(document.mistake(message, path) for path, message in map(explain, errors)))


class Formats:
    """All formats of one spec folder, by name: `formats["scenario"]`."""

    def __init__(self, folder: Path) -> None:
        schemas = {
            file.name.removesuffix(".schema.json"): read_json(file) for file in sorted(folder.glob("*.schema.json"))
        }
        known = [(schema["$id"], schema) for schema in schemas.values()]
        self._folder = folder
        self._formats = {name: Format(schema, known) for name, schema in schemas.items()}

    def __getitem__(self, name: str) -> Format:
        try:
            return self._formats[name]
        except KeyError:
            file = self._folder / f"{name}.schema.json"
            raise BadFile(Mistake(file, 0, "this format is missing from the spec")) from None


def explain(error: Any, base: Steps = ()) -> tuple[Steps, str]:
    """Say one schema error as (path, sentence); of several alternatives, the one that was meant."""
    path: Steps = (*base, *error.relative_path)
    if error.validator == "anyOf" and error.context:
        return _meant(error, path)
    match error.validator:
        case "additionalProperties":
            allowed = sorted(error.schema.get("properties", ()))
            wrong = sorted(set(error.instance) - set(allowed))
            return (*path, wrong[0]), _unknown_key(wrong[0], allowed)
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            return path, f"`{missing[0]}` is missing here"
        case "enum":
            return path, f"{show(error.instance)} is not one of {', '.join(map(str, error.validator_value))}"
        case "type":
            kinds = (
                error.validator_value if isinstance(error.validator_value, str) else " or ".join(error.validator_value)
            )
            return path, f"{show(error.instance)} should be of type {kinds}"
        case "pattern":
            wanted = error.schema.get("description", f"it must match {error.validator_value}")
            return path, f"{show(error.instance)} does not look as it should: {wanted}"
    return path, error.message if len(error.message) < 200 else f"{error.message[:200]}…"


def _meant(error: Any, path: Steps) -> tuple[Steps, str]:
    """Pick the alternative that shares its first key with the value (a step is told by its key)."""
    branches: dict[int, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    keys = set(error.instance) if isinstance(error.instance, dict) else set()
    titles = [_title(one, error) for one in sorted(branches)]
    for index, inners in branches.items():
        if _title(index, error) in keys:
            return explain(inners[0], path)
    if keys and any(titles):
        wrong = next(iter(error.instance))
        return path, _unknown_key(wrong, sorted(filter(None, titles)))
    # Without a title to tell them apart, the alternative that got furthest into the value was meant.
    inners = max(branches.values(), key=lambda some: max(len(inner.relative_path) for inner in some))
    return explain(max(inners, key=lambda inner: len(inner.relative_path)), path)


def _title(index: int, error: Any) -> str:
    alternative = error.validator_value[index]
    reference = alternative.get("$ref", "")
    found: str = alternative.get("title", "") or reference.rpartition("/step_")[2] if "/step_" in reference else ""
    return found


def _unknown_key(wrong: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(wrong, allowed, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(allowed)}"
    return f"there is no key {wrong!r} here{meant}"
