"""Reads what a server sent: strict JSON, a known type, its schema.

Pure, and total: whatever the text, a `Frame` comes out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.spec.messages import Message, Violation


@dataclass(frozen=True, slots=True)
class Frame:
    """One received frame: its text, and what could be read in it.

    `problem` says why it is no JSON object of a known type (then `value` may be None); `violations` where it breaks its
    schema.
    """

    text: str
    value: dict[str, Any] | None
    type: str | None
    problem: str | None = None
    violations: tuple[Violation, ...] = ()


def read(data: str | bytes, discriminator: str, known: Mapping[str, Message]) -> Frame:
    """Read one WebSocket message against the `known` types."""
    if isinstance(data, bytes):
        return Frame(
            text=f"{len(data)} bytes: {data[:64].hex()}", value=None, type=None, problem="it is a binary frame"
        )
    try:
        value = json.loads(data, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else f"it is not JSON: {error}"
        return Frame(text=data, value=None, type=None, problem=problem)
    if not isinstance(value, dict):
        return Frame(text=data, value=None, type=None, problem="it is JSON, but not an object")
    kind = value.get(discriminator)
    if not isinstance(kind, str) or kind not in known:
        return Frame(
            text=data,
            value=value,
            type=None,
            problem=f"its `{discriminator}` is {kind!r:.80}, which is not in the protocol",
        )
    if "\\u" in data and _half_pair(value):
        return Frame(text=data, value=value, type=kind, problem="it holds half a surrogate pair, which is no text")
    return Frame(text=data, value=value, type=kind, violations=tuple(known[kind].violations(value)))


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r:.80} stands in it twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _half_pair(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return True
    return False
