"""Writing a log: one line per record, without secrets, flushed at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from conformance.results.model import Entry, Observation, Result
from conformance.results.runlog import records
from conformance.results.runlog.decode import decode
from conformance.results.runlog.records import KINDS, Footer, Record
from conformance.results.runlog.seal import Seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DEEPEST = 40
"""The most levels of nesting that are written; a deeper frame would exhaust the interpreter's stack."""

_WIDEST = 4096
"""The most bits of an integer that is written as a number; Python refuses to print much longer ones."""

_NAMES = {kind: name for name, kind in KINDS.items()}


class RunWriter:
    """Appends records to a new log, each flushed at once, so that a crash loses nothing that was judged.

    `redact` replaces secrets by value. It gets every string and every integer of a frame by itself, so that no escape
    hides a secret, and then the whole line, which it may change as long as it stays the same record.

    Example:
        >>> with RunWriter(Path("run.jsonl"), redact=str) as log:
        ...     log.write(header)

    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("wb")
        self._redact = redact
        self._seal = Seal()

    def write(self, record: Record) -> None:
        """Append one record, a footer with the seal of the log; raises OSError if the disk refuses it."""
        line = _line(record, self._redact).encode()
        if len(line) >= records.LINE_LIMIT and isinstance(record, Result | Observation):
            note = Entry(0.0, "log", "·", text=f"the transcript was left out: its line had {len(line)} bytes")
            line = _line(replace(record, transcript=(note,)), self._redact).encode()
        if isinstance(record, Footer):
            line = self._seal.seal(line)
        self._seal.feed(line + b"\n")
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            error.filename = self._file.name  # The system names no file when the disk is full.
            raise

    def close(self) -> None:
        """Close the file; every record is already written."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _line(record: Record, redact: Callable[[str], str]) -> str:
    """Serialize a record without its secrets, as valid JSON whatever `redact` does to the text."""
    kind = _NAMES[type(record)]
    safe = json.dumps({"kind": kind} | _plain(record, redact), ensure_ascii=False, separators=(",", ":"))
    redacted = redact(safe)
    if redacted != safe and _is_record(redacted, kind):
        safe = redacted
    return re.sub(r"[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", safe)


def _is_record(text: str, kind: str) -> bool:
    """Tell whether a line can be read back as the same record without its secrets."""
    try:
        data = json.loads(text)
        record = decode(KINDS[kind], data, kind)
    except ValueError:
        return False
    return bool({"kind": kind} | _plain(record, str) == data)


def _plain(value: Any, redact: Callable[[str], str], depth: int = _DEEPEST, foreign: bool = False) -> Any:
    """Turn a value into JSON: redact its strings (but not field names), and replace what JSON cannot write.

    Integers are redacted only if they are `foreign`, inside a frame: our own must stay numbers.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value) if isinstance(value, StrEnum) else redact(value)
    if isinstance(value, int):
        return _integer(value, redact) if foreign else value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if not depth:
        return "…"
    if isinstance(value, Mapping):
        return {redact(str(key)): _plain(item, redact, depth - 1, True) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, redact, depth - 1, foreign) for item in value]
    return {item.name: _plain(getattr(value, item.name), redact, depth - 1) for item in fields(value)}


def _integer(value: int, redact: Callable[[str], str]) -> int | str:
    if value.bit_length() > _WIDEST:
        return f"an integer of {value.bit_length()} bits"
    shown = redact(str(value))
    return value if shown == str(value) else shown
