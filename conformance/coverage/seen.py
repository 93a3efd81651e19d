"""What the transcripts of a run show: types, filled places, values, error codes, and what the log leaves out."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.coverage.places import filled
from conformance.results.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.results.model import Entry
    from conformance.results.runlog import Run
    from conformance.spec import Spec

WAYS = {"→": "incoming", "←": "outgoing"}
"""The direction of each way of a transcript entry."""

Key = tuple[str, str]
"""Direction and type."""


@dataclass(slots=True)
class Seen:
    """What was seen. Places and values are those of frames that fit their schema.

    `shortened` counts frames of which the log keeps only the outermost fields, `cut` transcripts without their
    beginning, `untraced` results without any transcript.
    """

    types: Counter[Key] = field(default_factory=Counter)
    places: dict[Key, dict[str, set[Any]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    shortened: Counter[Key] = field(default_factory=Counter)
    cut: int = 0
    untraced: int = 0


def look(run: Run, spec: Spec, common: Mapping[str, Any]) -> Seen:
    """Look through the transcripts of all scenarios."""
    seen = Seen()
    for result in run.results:
        if not result.transcript:
            seen.untraced += result.outcome is not Outcome.NOT_APPLICABLE
            continue
        first = result.transcript[0]
        seen.cut += first.way == "·" and not first.who and first.text.endswith("left out")
        for entry in result.transcript:
            if entry.frame is not None and entry.way in WAYS:
                _take(seen, entry, entry.frame, spec, common)
    return seen


def _take(seen: Seen, entry: Entry, frame: Mapping[str, Any], spec: Spec, common: Mapping[str, Any]) -> None:
    way = WAYS[entry.way]
    kind = frame.get(spec.protocol.discriminator)
    message = (spec.incoming if way == "incoming" else spec.outgoing).get(kind) if isinstance(kind, str) else None
    if message is None:
        return
    key = (way, message.type)
    if entry.text:  # the note of a shortened frame: its long fields have become texts, so it cannot fit any more
        seen.shortened[key] += 1
    elif message.violations(dict(frame)):
        return
    seen.types[key] += 1
    for path, value in filled(frame, message.schema, common):
        seen.places[key][path].add(_atom(value))


def _atom(value: Any) -> Any:
    """Keep a value that may be one of several; of any other, keep only that it was there."""
    return value if value is None or (isinstance(value, str | bool | int) and len(str(value)) <= 60) else ...
