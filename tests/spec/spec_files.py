"""The files under `spec/`, read as plain data, and both validators for them."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SPEC = Path(__file__).parents[2] / "spec"
DIRECTIONS = ("incoming", "outgoing")


@cache
def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def read_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def message_files() -> list[Path]:
    return sorted(path for way in DIRECTIONS for path in (SPEC / "messages" / way).iterdir())


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def rule_files() -> list[Path]:
    return sorted((SPEC / "rules").iterdir())


def all_rules() -> list[dict[str, Any]]:
    return [rule for path in rule_files() for rule in read_yaml(path)["rules"]]


COMMON = read_json(SPEC / "messages" / "common.json")
REGISTRY = Registry().with_resources([(COMMON["$id"], Resource(COMMON, DRAFT202012))])
RUST_REGISTRY = jsonschema_rs.Registry([(COMMON["$id"], COMMON)])


class Validators(NamedTuple):
    """One schema, compiled by both validators."""

    python: Draft202012Validator
    rust: jsonschema_rs.Draft202012Validator

    def accepts(self, value: Any) -> bool:
        """What both say; they must agree."""
        python, rust = self.python.is_valid(value), self.rust.is_valid(value)
        assert python == rust, f"jsonschema says {python}, jsonschema_rs says {rust}: {value!r}"
        return python

    def errors(self, value: Any) -> list[ValidationError]:
        return list(self.python.iter_errors(value))

    def broken_rules(self, value: Any) -> set[str | None]:
        """The rules that a malformed value breaks: the nearest `x-rule` on the way to each error."""
        return {self._nearest_rule(error) for error in self.errors(value)}

    def _nearest_rule(self, error: ValidationError) -> str | None:
        resolver = REGISTRY.resolver_with_root(Resource(self.python.schema, DRAFT202012))
        schema: Any = self.python.schema
        rule = schema.get("x-rule")
        for step in error.absolute_schema_path:
            while step not in schema:  # the path of an error leaves `$ref` out
                resolved = resolver.lookup(schema["$ref"])
                schema, resolver = resolved.contents, resolved.resolver
                rule = schema.get("x-rule", rule)
            schema = schema[step]
            if isinstance(schema, dict):
                rule = schema.get("x-rule", rule)
        return rule


def compile_schema(schema: dict[str, Any]) -> Validators:
    return Validators(
        Draft202012Validator(schema, registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER),
        jsonschema_rs.Draft202012Validator(schema, registry=RUST_REGISTRY, validate_formats=True),
    )


@cache
def message(direction: str, name: str) -> Validators:
    return compile_schema(read_json(SPEC / "messages" / direction / f"{name}.json"))


def message_of(path: Path) -> Validators:
    return message(path.parent.name, path.stem)


def shared(name: str) -> Validators:
    return compile_schema({"$ref": f"{COMMON['$id']}#/$defs/{name}"})
