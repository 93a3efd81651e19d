"""Reads what a server sent: strict JSON, a known type, its schema.

Pure and total: any text gives a `Frame`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.spec.messages import MAX_VIOLATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.spec.messages import Message, Violation
    from conformance.target.dialect import Direction


@dataclass(frozen=True, slots=True)
class Frame:
    """One received frame: its text, and what could be read in it.

    `problem` says why it is no JSON object of a known type (then `value` may be None); `violations` says where it
    breaks its schema. With a dialect, `text` is the wire's, `value` is in the protocol's names, and `used` has the
    entries of the translation; without a dialect, `used` is None.
    """

    text: str
    value: dict[str, Any] | None
    type: str | None
    problem: str | None = None
    violations: tuple[Violation, ...] = ()
    used: frozenset[str] | None = None


def read(
    data: str | bytes, discriminator: str, known: Mapping[str, Message], dialect: Direction | None = None
) -> Frame:
    """Read one WebSocket message against the `known` types, in the target's dialect if it has one."""
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
    used: frozenset[str] | None = None
    faults: tuple[tuple[str, Violation], ...] = ()
    if dialect is not None:
        translated = dialect.from_wire(value)
        value, used, faults = translated.value, translated.used, translated.faults
        if translated.problem is not None:
            return Frame(text=data, value=value, type=None, problem=translated.problem, used=used)
    kind = value.get(discriminator)
    if not isinstance(kind, str) or kind not in known:
        return Frame(
            text=data,
            value=value,
            type=None,
            problem=f"its `{discriminator}` is {kind!r:.80}, which is not in the protocol",
        )
    if "\\u" in data and _half_pair(value):
        problem = "it holds half a surrogate pair, which is not a text"
        return Frame(text=data, value=value, type=kind, problem=problem, used=used)
    violations = [one for one in known[kind].violations(value) if not _is_said(one, faults)]
    said = [fault for _, fault in faults[:MAX_VIOLATIONS]]
    return Frame(text=data, value=value, type=kind, violations=(*said, *violations), used=used)


def _is_said(violation: Violation, faults: tuple[tuple[str, Violation], ...]) -> bool:
    """Tell whether a fault of the dialect already reports this place, in the wire's words."""
    return any(violation.message.startswith(f"`{place}`") for place, _ in faults)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r:.80} is in it twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _half_pair(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return True
    return False
