"""Tells what went wrong apart from who noticed it and when, so that views can put alike problems together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.results.model import Problem

LONGEST = 300
"""Characters of a cause; what comes later tells no two causes apart."""

_VARYING = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # an id
    r'|"[^"]{20,}"'  # a text that somebody sent
    r"|\d+(?:\.\d+)?"
)


def cause(message: str, names: Iterable[str] = ()) -> str:
    """Give a message without these names of connections, and without ids, long texts and numbers."""
    some = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if some:
        message = re.sub(rf"\b(?:{some})(?:@\w+)?\b", "…", message)
    return _VARYING.sub("#", message[: 2 * LONGEST])[:LONGEST]


def cause_of(problem: Problem) -> str:
    """Give the cause of a problem; older logs name none, and their message is one."""
    return problem.cause or problem.message


def exchange_cause(problem: Problem) -> str:
    """Give the cause with the request before it and what came: what a view shows apart although the words are alike."""
    return " ".join([problem.request, *sorted(problem.came), cause_of(problem)])
