"""Reads YAML and JSON files that people write, and remembers on which line each value stands.

YAML is read as version 1.2 core: only `true` and `false` are booleans, a date is text, and `no` is a word. Anchors
are refused (a few lines of them can stand for gigabytes); so are duplicate keys, custom tags and files over
`MAX_BYTES`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from conformance.errors import BadFile, Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 1 << 20
MAX_DEPTH = 60

Steps = tuple[str | int, ...]
"""The way to a value inside a document: keys and list indices."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its value, and the line (from 1) of every value in it."""

    file: Path
    value: Any
    lines: Mapping[Steps, int]

    def line(self, path: Steps = ()) -> int:
        """Give the line of the value at `path`, or of the nearest enclosing value that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def mistake(self, message: str, path: Steps = ()) -> Mistake:
        """Say what is wrong with the value at `path`."""
        return Mistake(self.file, self.line(path), message)


def read_yaml(file: Path) -> Document:
    """Read a YAML file; raises BadFile with file, line and what to do."""
    text = _read_text(file)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise BadFile(Mistake(file, line, f"this is not YAML: {error.problem or error.context}")) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise BadFile(Mistake(file, 0, f"this is not YAML: {error}")) from None
    if node is None:
        raise BadFile(Mistake(file, 0, "the file is empty"))
    lines: dict[Steps, int] = {}
    value = _Builder(file, lines).build(node, ())
    return Document(file, value, lines)


def read_json(file: Path) -> Any:
    """Read a JSON file; raises BadFile with file, line and what to do."""
    try:
        return json.loads(_read_text(file))
    except json.JSONDecodeError as error:
        raise BadFile(Mistake(file, error.lineno, f"this is not JSON: {error.msg}")) from None
    except RecursionError:
        raise BadFile(Mistake(file, 0, "this is nested too deeply")) from None


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise BadFile(Mistake(file, 0, f"the file is larger than {MAX_BYTES:,} bytes"))
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise BadFile(Mistake(file, 0, "there is no such file")) from None
    except UnicodeDecodeError as error:
        raise BadFile(Mistake(file, 0, f"this is not UTF-8 text (byte {error.start})")) from None
    except OSError as error:
        raise BadFile(Mistake(file, 0, f"the file cannot be read: {error.strerror}")) from None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the C loader is optional
    """Resolves plain scalars as YAML 1.2 core does."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 -- pyyaml's own shape


for _tag, _regex, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_regex})$"), _first)


class _Builder:
    """Turns a tree of YAML nodes into values, noting lines on the way."""

    def __init__(self, file: Path, lines: dict[Steps, int]) -> None:
        self._file = file
        self._lines = lines
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, path: Steps) -> Any:
        line = node.start_mark.line + 1
        self._lines[path] = line
        if len(path) > MAX_DEPTH:
            raise BadFile(Mistake(self._file, line, f"this is nested more than {MAX_DEPTH} deep"))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        if id(node) in self._seen:
            raise BadFile(Mistake(self._file, line, "anchors and aliases are not allowed here: write the value out"))
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Steps) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                raise BadFile(Mistake(self._file, line, "a key must be plain text"))
            if key in result:
                raise BadFile(Mistake(self._file, line, f"the key {key!r} stands here twice"))
            result[key] = self.build(value_node, (*path, key))
            self._lines[(*path, key)] = line
        return result

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Any:
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str":
                return node.value
            case "bool":
                return node.value.lower() == "true"
            case "null":
                return None
            case "int":
                return self._number(int, node.value, line)
            case "float":
                return self._number(float, node.value, line)
            case tag:
                raise BadFile(Mistake(self._file, line, f"the tag {tag!r} is not allowed here"))

    def _number(self, kind: type[int] | type[float], text: str, line: int) -> int | float:
        try:
            return kind(text)
        except ValueError:
            raise BadFile(Mistake(self._file, line, f"{text[:20]}… is too long a number")) from None
