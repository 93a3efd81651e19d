"""The result of matching a value against a pattern, and the comparison of JSON values that it uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.files.show import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PatternError(ValueError):
    """The pattern itself is wrong: the scenario's mistake, whatever the server sent."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The value fits; `captures` has the names that the pattern binds."""

    captures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The value does not fit: where (`a.b[0]`, empty at the top), why, and at how many places.

    `distance` counts the parts that do not fit, so that the nearest of several misses can be shown.
    """

    path: str
    why: str
    distance: int = 1

    def __str__(self) -> str:
        """Give `path: why`."""
        return f"{self.path}: {self.why}" if self.path else self.why


Match = Matched | Mismatch


def same(one: Any, other: Any) -> bool:
    """Compare two JSON values: 1 equals 1.0, true never equals 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and bool(one == other)


def miss(path: str, expected: str, value: Any) -> Mismatch:
    """Say what was expected at a path, and what the server sent."""
    return Mismatch(path, f"expected {expected}, got {show(value)}")


def both(matches: Sequence[Match]) -> Match:
    """All must fit: join the captures, or give the first mismatch with the count of all."""
    misses = [one for one in matches if isinstance(one, Mismatch)]
    if misses:
        return Mismatch(misses[0].path, misses[0].why, sum(one.distance for one in misses))
    captures: dict[str, Any] = {}
    for one in matches:
        assert isinstance(one, Matched)
        for name, value in one.captures.items():
            if name in captures and not same(captures[name], value):
                return Mismatch("", f"{name} is captured as {show(captures[name])} and as {show(value)}")
            captures[name] = value
    return Matched(captures)
