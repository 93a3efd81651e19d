"""Finds the types of the requests that steps send, in raw text too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def requests(steps: Sequence[s.Step], kinds: Iterable[str]) -> frozenset[str]:
    """Give those of the types `kinds` that the steps send, or that their raw frames name."""
    known = frozenset(kinds)
    return frozenset[str]().union(*(requests_of(step, known) for step in walk(steps)))


def requests_of(step: s.Step, kinds: frozenset[str]) -> frozenset[str]:
    """Give those of the types `kinds` that a step itself sends; a repeated one takes its raw frames from values."""
    match step:
        case s.Send() | s.Page():
            return kinds & {step.frame}
        case s.SendRaw():
            return _named(kinds, [step.text, [frame.payload for frame in step.frames]])
        case s.Repeat():
            return _named(kinds, step.values)
    return frozenset()


def _named(kinds: frozenset[str], raw: Any) -> frozenset[str]:
    text = json.dumps(raw).replace("\\", "")
    return frozenset(kind for kind in kinds if f'"{kind}"' in text)
