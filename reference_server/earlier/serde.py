"""Reads a request as Rust's serde_json 1.0 does, with the same error texts: an enum whose tag is the field `type`.

An error in the JSON or in the tag has a line and a column. An error in the fields of a variant has none, because serde
has read the whole object by then. Columns are counted in bytes.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined] # typeshed leaves it out
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TAG = "type"
EXPECTED = "internally tagged enum"
MAX_DEPTH = 128
"""The most levels of nesting that serde_json reads."""

_WHITE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a variant; an optional one may be absent, and null."""

    name: str
    check: Callable[[Any], None]
    optional: bool = False


class SerdeError(Exception):
    """An error text of serde."""


def read(text: str, variants: dict[str, tuple[Field, ...]], name: str) -> tuple[str, dict[str, Any]]:
    """Give the variant of the enum `name` and its fields; raises SerdeError."""
    tag_at = _check_tag(text, variants)
    value = _parse(text)
    if isinstance(value, list):  # serde reads an array as the tag, followed by the fields in their order
        if not value:
            raise SerdeError(f"missing field `{TAG}`{_at(text, len(text.rstrip()))}")
        kind, pairs = _variant(value[0], variants, _at(text, len(text.rstrip()))), value[1:]
        fields = variants[kind]
        if len(pairs) < len(fields):
            raise SerdeError(f"invalid length {len(pairs)}, expected struct variant {name}::{kind}")
        return kind, _checked(dict(zip((one.name for one in fields), pairs, strict=False)), fields)
    if not isinstance(value, Pairs):
        raise SerdeError(f"invalid type: {_describe(value)}, expected {EXPECTED} {name}{_at(text, len(text.rstrip()))}")
    if tag_at is None:
        raise SerdeError(f"missing field `{TAG}`{_at(text, len(text.rstrip()))}")
    kind = next(one for key, one in value.pairs if key == TAG)
    known = {field.name for field in variants[kind]}
    found: dict[str, Any] = {}
    for key, one in value.pairs:
        if key in known and key in found:
            raise SerdeError(f"duplicate field `{key}`")
        found[key] = one
    return kind, _checked(found, variants[kind])


def a_uuid(value: Any) -> None:
    """Check that a value is the text of a UUID."""
    _check_text(value, "a formatted UUID string")
    try:
        uuid.UUID(value)
    except ValueError:
        raise SerdeError(f"UUID parsing failed: invalid length: expected 32 digits, found {len(value)}") from None


def a_string(value: Any) -> None:
    """Check that a value is a text."""
    _check_text(value, "a string")


def _check_text(value: Any, expected: str) -> None:
    if not isinstance(value, str):
        raise SerdeError(f"invalid type: {_describe(value)}, expected {expected}")


class Pairs:
    """A JSON object with all its keys, also duplicate ones."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _checked(found: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    for field in fields:
        if field.optional and found.get(field.name) is None:
            continue
        if field.name not in found:
            raise SerdeError(f"missing field `{field.name}`")
        field.check(found[field.name])
    return {field.name: found.get(field.name) for field in fields}


def _skip(text: str, at: int) -> int:
    """Give the position after the white space."""
    found = _WHITE.match(text, at)
    assert found is not None
    return found.end()


def _check_tag(text: str, variants: dict[str, tuple[Field, ...]]) -> int | None:
    """Read up to the tag and check it; nothing after it is read. Returns the position of its end."""
    at, found = _skip(text, 0), None
    if not text.startswith("{", at):
        return None
    try:
        at = _skip(text, at + 1)
        while text[at] == '"':
            key, at = scanstring(text, at + 1, True)
            at = _skip(text, at)
            if text[at] != ":":
                return found
            value, end = _decoder().raw_decode(text, _skip(text, at + 1))
            if key == TAG and found is not None:
                raise SerdeError(f"duplicate field `{TAG}`{_at(text, at)}")
            if key == TAG:
                _variant(value, variants, _at(text, end))
                found = end
            at = _skip(text, end)
            if text[at] != ",":
                return found
            at = _skip(text, at + 1)
    except (json.JSONDecodeError, IndexError, RecursionError):
        pass  # `_parse` reports errors in the JSON.
    return found


def _variant(value: Any, variants: dict[str, tuple[Field, ...]], where: str) -> str:
    if not isinstance(value, str):
        raise SerdeError(f"invalid type: {_describe(value)}, expected variant identifier{where}")
    if value not in variants:
        names = ", ".join(f"`{one}`" for one in variants)
        raise SerdeError(f"unknown variant `{value}`, expected one of {names}{where}")
    return value


def _parse(text: str) -> Any:
    if not text.strip(" \t\n\r"):
        raise SerdeError(f"EOF while parsing a value{_at(text, len(text))}")
    try:
        value, end = _decoder().raw_decode(text, len(text) - len(text.lstrip(" \t\n\r")))
    except json.JSONDecodeError as error:
        ended = error.pos >= len(text.rstrip())
        what = "EOF while parsing an object" if ended else "expected value"
        raise SerdeError(f"{what}{_at(text, error.pos if ended else error.pos + 1)}") from None
    except RecursionError:
        raise SerdeError(f"recursion limit exceeded{_at(text, MAX_DEPTH)}") from None
    rest = text[end:].lstrip(" \t\n\r")
    if rest:
        raise SerdeError(f"trailing characters{_at(text, len(text) - len(rest) + 1)}")
    if _depth(value) > MAX_DEPTH:
        raise SerdeError(f"recursion limit exceeded{_at(text, MAX_DEPTH)}")
    if re.search(r"[\ud800-\udfff]", json.dumps(_plain(value), ensure_ascii=False)):
        raise SerdeError(f"lone leading surrogate in hex escape{_at(text, len(text) // 2)}")
    return value


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=Pairs, parse_int=_number, parse_constant=_no_number)


def _number(digits: str) -> int | float:
    """Read a whole number; one of more than 64 bits becomes a float, as in serde_json."""
    return float(digits) if len(digits) > len(str(1 << 64)) else int(digits)


def _no_number(word: str) -> Any:
    raise json.JSONDecodeError("expected value", word, 0)


def _plain(value: Any) -> Any:
    if isinstance(value, Pairs):
        return [[key, _plain(one)] for key, one in value.pairs]
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _depth(value: Any) -> int:
    inner = [one for _, one in value.pairs] if isinstance(value, Pairs) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, Pairs | list) else 0


def _at(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = len(text[text.rfind("\n", 0, position) + 1 : position].encode(errors="replace"))
    return f" at line {line} column {column}"


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    if isinstance(value, Pairs):
        return "map"
    return (
        "sequence"
        if isinstance(value, list)
        else f"{'integer' if isinstance(value, int) else 'floating point'} `{value}`"
    )
