"""Words for one problem: its message, and what came instead of what it misses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.results.model import Problem

MOST_KINDS = 3
"""The most message types that a sentence names."""

_STEP = re.compile(r"(expect|collect|never) (\S+)")


class Expectation(NamedTuple):
    """What a step expects: `verb` is `expect`, `collect` or `never`, and `kind` is a message type."""

    verb: str = ""
    kind: str = ""


def expectation(problem: Problem) -> Expectation:
    """Read the expectation from the label of a problem's step; both parts are empty if it expects no frame."""
    found = _STEP.match(problem.step)
    return Expectation(found[1], found[2]) if found else Expectation()


def message_of(problem: Problem) -> str:
    """Give the message, with what came instead of a missing frame: `no Error at bob; got ActionConfirmed`."""
    wanted = expectation(problem).kind
    missing = wanted and problem.message.startswith(f"no {wanted} at ") and "; " not in problem.message
    if missing and problem.came and wanted not in problem.came:
        return f"{problem.message}; got {and_list(problem.came)}"
    return problem.message


def and_list(words: Sequence[str]) -> str:
    """Join words: `a`, `a and b`, `a, b and c`; of many, the first few and `others`."""
    some = [*words[:MOST_KINDS], *(["others"] if len(words) > MOST_KINDS else [])]
    return " and ".join(filter(None, [", ".join(some[:-1]), *some[-1:]]))
