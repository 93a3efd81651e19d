"""A difference between two servers, and where two values differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

Labels = frozenset[str]
REPLY, EVENT = "reply", "event"
"""What may be missing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two servers differ: the step, the client, the request, what kind of difference, and both sides.

    `kind` is a few words without names, so that differences of one cause have the same. `rule` is the broken rule.
    `missing` says what only has not come in time: a `reply` or an `event`; empty: it is another difference.
    """

    step: int
    client: str
    request: str
    kind: str
    rule: str
    tested: Any = None
    other: Any = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome of a comparison: the difference, and the labels of each request that was compared.

    `freed` are the choices that the two servers made differently; `parted`: the rest was not compared after one.
    """

    difference: Difference | None
    cells: tuple[tuple[str, Labels], ...]
    freed: tuple[str, ...] = ()
    parted: bool = False


def where(one: Any, two: Any, path: str = "") -> str:
    """Give the path of the first place where two values differ, without indices."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted({*one, *two}):
            if one.get(key) != two.get(key):
                return where(one.get(key), two.get(key), f"{path}.{key}" if path else key)
    if isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            return f"{path}: {'fewer' if len(one) < len(two) else 'more'}"
        for left, right in zip_longest(one, two):
            if left != right:
                return where(left, right, f"{path}[]")
    return path or "all of it"


def unlike(index: int, client: str, request: str, sides: list[Any], rule: str) -> Difference:
    """Give the difference between two replies to one request."""
    return Difference(index, client, request, f"another reply: {where(sides[0], sides[1])}", rule, *sides)
