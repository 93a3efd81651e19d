"""What one step of an invented conversation should have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.explore.conversation import Ask
    from conformance.engine.explore.knowledge import Odd

WRONG, MISSING, PLAIN = "wrong", "missing", "plain"
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (5, ["a"], {"a": 1}),
    "boolean": ("perhaps", [True]),
    "integer": ("five", [1]),
    "array": ("none", {"a": 1}),
}
"""Values that are of no type that a lenient server could read, by the type that is right."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What one step should have: a request, and a role of its sender, a label of a field (or both), or fields too many.

    `value` is the value of the field; None: any that fits the label. Without a request, `odd` is a raw message, or a
    wrong token if `knocks`, and `handshake` how a connection opens.
    """

    request: str = ""
    role: str | None = None
    field: str = ""
    label: str = ""
    value: Any = None
    extra: bool = False
    odd: Odd | None = None
    knocks: bool = False
    handshake: Mapping[str, Any] | None = None


def spoilt(ask: Ask, goal: Goal) -> Ask:
    """Give one field a wrong type, or leave it out, if the goal says so."""
    if goal.label not in (WRONG, MISSING):
        return ask
    fields = {key: value for key, value in ask.fields.items() if key != goal.field}
    if goal.label == WRONG:
        fields[goal.field] = goal.value
    return replace(ask, fields=fields, labels=ask.labels | {f"{goal.label}={goal.field}"}, invalid=True)


def type_of(schema: Any, name: str) -> str:
    """Give the (first) type of a field."""
    kind = schema["properties"][name].get("type", "string")
    return str(kind[0] if isinstance(kind, list) else kind)
