"""Writing a log: one line per record, without secrets, flushed at once."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from conformance.results import Entry, Observation, Problem, Result
from conformance.runlog import records
from conformance.runlog.decode import decode
from conformance.runlog.records import KINDS, Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DEEPEST = 32
_NAMES = {kind: name for name, kind in KINDS.items()}


class RunWriter:
    """Appends records to a new log, each flushed at once, so that a crash loses nothing that was judged.

    `redact` replaces secrets by value; it sees every string by itself and then the whole line, so that neither an
    escape nor a number hides a secret.

    Example:
        >>> with RunWriter(Path("run.jsonl"), redact=str) as log:
        ...     log.write(header)

    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("wb")
        self._redact = redact

    def write(self, record: Record) -> None:
        """Append one record; raises OSError when the disk does not take it."""
        self._file.write(_line(record, self._redact).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; nothing is left to be written."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _line(record: Record, redact: Callable[[str], str]) -> str:
    """Serialize a record without its secrets, as valid JSON whatever `redact` does to the text."""
    if isinstance(record, Result | Observation):
        # A frame nested deeper than the interpreter's stack would otherwise take the log down with it.
        record = replace(record, transcript=tuple(_shallow(entry) for entry in record.transcript))
    kind = _NAMES[type(record)]
    safe = json.dumps({"kind": kind, **_clean(asdict(record), redact)}, ensure_ascii=False, separators=(",", ":"))
    redacted = redact(safe)
    if redacted != safe and _is_record(redacted, kind):
        safe = redacted
    return re.sub(r"[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", safe)


def _is_record(text: str, kind: str) -> bool:
    """Tell whether a line would be read back as what it was."""
    try:
        data = json.loads(text)
        decode(KINDS[kind], data, kind)
    except ValueError:
        return False
    return bool(data.get("kind") == kind)


def _clean(value: Any, redact: Callable[[str], str]) -> Any:
    """Redact every string, and turn numbers that JSON or Python cannot write into text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(key)) if key not in _STRUCTURE else key: _clean(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, redact) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > 4096:
        return f"an integer of {value.bit_length()} bits"
    return value


_PARTS = (
    *KINDS.values(),
    *(records.TargetEntry, records.FeatureEntry, records.RuleEntry, records.ScenarioEntry),
    *(records.MessagesEntry, records.SpecTables, Entry, Problem),
)
_STRUCTURE = frozenset(item.name for part in _PARTS for item in fields(part))
"""The keys that make a log readable: a secret that happens to be one of these words is not worth the log."""


def _shallow(entry: Entry) -> Entry:
    return entry if entry.frame is None else replace(entry, frame=_prune(entry.frame, _DEEPEST))


def _prune(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {key: _prune(item, depth - 1) for key, item in value.items()} if depth else "{…}"
    if isinstance(value, list):
        return [_prune(item, depth - 1) for item in value] if depth else "[…]"
    return value
