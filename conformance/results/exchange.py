"""Tells what a problem is about on the wire: the request before it, and what came in answer to that request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.results.model import Entry, Problem

OWN = "(by the harness)"
"""The end of a line that the harness sent by itself; only the whole transcript of the report has such lines."""

MOST_KINDS = 8
"""The most message types that an exchange names."""

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Exchange:
    """The type of the last request before a problem, and the types that then came to the connection of the problem.

    Both are empty where there is none. What came before the request is left out: it cannot be an answer.
    """

    request: str = ""
    came: tuple[str, ...] = ()


def exchange_of(problem: Problem, entries: Sequence[Entry], discriminator: str) -> Exchange:
    """Find the exchange that a problem is about in the transcript of its scenario."""
    offending = problem.entry if problem.entry is not None and 0 <= problem.entry < len(entries) else None
    missing = offending is None or problem.step.startswith(("expect", "collect"))
    end = len(entries) if missing or offending is None else offending
    asked = next((index for index in range(end - 1, -1, -1) if _is_request(entries[index])), None)
    if asked is None:
        return Exchange()
    request = _kind(entries[asked], discriminator)
    if not missing and offending is not None:
        return Exchange(request, (_kind(entries[offending], discriminator),))
    who = _connection(problem, entries) or entries[asked].who
    kinds = {
        _kind(one, discriminator): None
        for one in entries[asked + 1 :]
        if one.way == "←" and one.who == who and one.frame is not None
    }
    return Exchange(request, tuple(kinds)[:MOST_KINDS])


def _is_request(entry: Entry) -> bool:
    return entry.way == "→" and not entry.text.endswith(OWN)


def _kind(entry: Entry, discriminator: str) -> str:
    kind = entry.frame.get(discriminator) if entry.frame is not None else None
    return kind[:_LONGEST] if isinstance(kind, str) and kind else "a frame of no type"


def _connection(problem: Problem, entries: Sequence[Entry]) -> str:
    """Give the connection that a message names as the place where something is missing; empty if there is none."""
    found = re.search(r" at (\S+?)[;,.:]?(?:\s|$)", problem.message)
    return found[1] if found and any(one.who == found[1] for one in entries) else ""
