"""Builds frozen values from JSON by their type hints, so that a damaged log is refused and not half read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

DEEPEST = 60
"""The most levels of nesting inside a frame, an option or a profile; the writer writes fewer."""

_LARGEST = 1 << 63


def decode(hint: Any, value: Any, where: str) -> Any:
    """Build the value that a type hint describes from JSON; raises ValueError, saying where, if it does not fit."""
    origin = get_origin(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _decode_fields(hint, _want(dict, value, where), where)
    if isinstance(hint, UnionType):
        real = [choice for choice in get_args(hint) if choice is not type(None)]
        return None if value is None else decode(real[0], value, where)
    if origin is tuple:
        items = _want(list, value, where)
        return tuple(decode(get_args(hint)[0], item, f"{where}[{index}]") for index, item in enumerate(items))
    if origin in (dict, Mapping):
        item_hint = get_args(hint)[1]
        return {key: decode(item_hint, item, f"{where}.{key}") for key, item in _want(dict, value, where).items()}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if hint is Any:
        _bounded(value, where)
        return value
    return _want(hint, value, where)


def _decode_fields(cls: Any, data: dict[str, Any], where: str) -> Any:
    hints = _hints(cls)
    given = {name: decode(hints[name], data[name], f"{where}.{name}") for name in hints if name in data}
    try:
        return cls(**given)
    except TypeError as error:  # a required field is missing; the error names it
        raise ValueError(f"{where} {str(error).partition('missing')[2].strip() or error} missing") from None


@cache
def _hints(cls: Any) -> dict[str, Any]:
    # The value types import Mapping for the type checker only, so it is given to them here.
    return get_type_hints(cls, localns={"Mapping": Mapping})


def _want(kind: type[Any], value: Any, where: str) -> Any:
    good = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if not good or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{where} is not {_WORDS.get(kind, kind.__name__)}")
    if kind in (int, float) and not -_LARGEST < value < _LARGEST:  # This also refuses what is no number.
        raise ValueError(f"{where} is too large a number")
    return value


def _bounded(value: Any, where: str, depth: int = DEEPEST) -> None:
    """Refuse what no view could show: NaN, infinity, and nesting that exhausts the interpreter's stack."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is too large a number")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner and not depth:
        raise ValueError(f"{where} is nested more than {DEEPEST} deep")
    for item in inner:
        _bounded(item, where, depth - 1)


_WORDS = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}
