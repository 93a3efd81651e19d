"""Reads a seed file: YAML, or JSON, which is also YAML. Each error names the line and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from reference_server.config import ConfigError
from reference_server.seed.model import Seed

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 4 * 1024 * 1024
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(file: Path) -> Seed:
    """Read a file; raises ConfigError."""
    with file.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ConfigError(
            f"{file}: the file has more than {MOST_BYTES} bytes; use `generate` for most of the messages."
        )
    try:
        loader = _Loader(data)
        root = loader.get_single_node()
        value = None if root is None else _value(loader, root, set(), file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}:{line}: this is not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        hint = "write it in UTF-8, without control characters" if _is_unreadable(error) else type(error).__name__
        raise ConfigError(f"{file}: this is not YAML: {hint}") from None
    try:
        return Seed.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    seen = "" if isinstance(first["input"], dict | list) else f"; got {str(first['input'])[:60]!r}"
    message = first["msg"].removeprefix("Value error, ")
    raise ConfigError(f"{file}:{_line(root, first['loc'])}: {f'{place}: ' if place else ''}{message}{seen}")


def _value(loader: Any, node: yaml.Node, seen: set[int], file: Path) -> Any:
    """Give the value of a node; a node may occur only once, so that references cannot make the value grow."""
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise ConfigError(f"{file}:{line}: write the value here and wherever it is used, without & and *")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, seen, file) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or id(key_node) in seen:
            raise ConfigError(f"{file}:{key_node.start_mark.line + 1}: a key must be a text")
        key: str = key_node.value  # as it is written: `no` is a name here, and not false
        if key in found:
            raise ConfigError(f"{file}:{key_node.start_mark.line + 1}: {key!r} is here twice")
        found[key] = _value(loader, value_node, seen, file)
    return found


def _is_unreadable(error: Exception) -> bool:
    return isinstance(error, yaml.reader.ReaderError | UnicodeDecodeError)


def _line(node: yaml.Node | None, place: tuple[str | int, ...]) -> int:
    """Find the line of a place, or of the nearest value around it."""
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(part)), None) or node
    return 1 if node is None else node.start_mark.line + 1
