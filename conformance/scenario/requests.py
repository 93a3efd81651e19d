"""Finds the types of the requests that steps send, in raw text too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def requests(steps: Sequence[s.Step], kinds: Iterable[str]) -> frozenset[str]:
    """Give those of the types `kinds` that the steps send, or that their raw frames name."""
    known = frozenset(kinds)
    found: set[str] = set()
    for step in walk(steps):
        match step:
            case s.Send() | s.Page():
                found.add(step.frame)
            case s.SendRaw():
                raw = json.dumps([step.text, [frame.payload for frame in step.frames]]).replace("\\", "")
                found.update(kind for kind in known if f'"{kind}"' in raw)
    return frozenset(found & known)
