"""Reading a log back, with a clear word for each way in which a file is not one."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, Mistake
from conformance.opening import open_regular
from conformance.results import Calibration, Observation, Result
from conformance.runlog import records
from conformance.runlog.decode import decode
from conformance.runlog.records import FORMAT, KINDS, Footer, Header, Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.runlog.records import Record


def read_run(path: Path) -> Run:
    """Read a log back, or the `run.jsonl` of a folder; raises BadFile with the line and what to do when it is not one.

    A last line without its line feed is what a crash leaves: it is dropped, and the run counts as incomplete.
    """
    path = _log(path)
    header: Header | None = None
    calibration: Calibration | None = None
    footer: Footer | None = None
    results: list[Result] = []
    probes: list[Observation] = []
    for number, data in _records(path):
        kind, record = _record(path, number, data)
        if header is None:
            if not isinstance(record, Header):
                raise _bad(path, number, f"the log begins with `{kind}`, not with `header`: it was cut at its start")
            header, known = record, {scenario.id for scenario in record.spec.scenarios}
        elif footer is not None:
            raise _bad(path, number, f"`{kind}` after the footer: two runs were written into one file, run again")
        elif isinstance(record, Result):
            if record.scenario not in known:
                message = f"the scenario {record.scenario!r} is not in the header: the log is damaged, run again"
                raise _bad(path, number, message)
            results.append(record)
        elif isinstance(record, Observation):
            probes.append(record)
        elif isinstance(record, Footer):
            footer = record
        elif isinstance(record, Calibration) and calibration is None:
            calibration = record
        else:
            raise _bad(path, number, f"a second `{kind}`: two runs were written into one file, run again")
    if header is None:
        raise _bad(path, 0, "is empty or cut off before its header ended; run again, or name another log")
    return Run(header, calibration, tuple(results), tuple(probes), footer)


def read_record(path: Path, number: int, line: bytes) -> Record:
    """Give the record of one whole line, for who follows a log that is still being written; raises BadFile."""
    data = _object(line)
    if data is None:
        raise _bad(path, number, "is not a JSON object: the log is damaged, run again")
    record: Record = _record(path, number, data)[1]
    return record


def _log(path: Path) -> Path:
    try:
        return path / "run.jsonl" if path.is_dir() else path
    except OSError:
        return path  # Opening it says what is wrong.


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each line's number and object; a torn last line is left out."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > records.FILE_LIMIT:
                message = f"has {size} bytes; a log of more than {records.FILE_LIMIT} is not read, run fewer scenarios"
                raise _bad(path, 0, message)
            number = 0
            while line := file.readline(records.LINE_LIMIT + 1):
                number += 1
                if len(line) > records.LINE_LIMIT:
                    raise _bad(path, number, f"is longer than {records.LINE_LIMIT} bytes: this is not a log of a run")
                data = _object(line)
                if data is not None:
                    yield number, data
                elif line.endswith(b"\n"):
                    raise _bad(path, number, "is not a JSON object: the log is damaged, run again")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is not the name of a file"
        raise _bad(path, 0, f"cannot be read ({why}); name a `run.jsonl` or the folder that holds one") from None


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    return data if isinstance(data, dict) else None


def _record(path: Path, number: int, data: dict[str, Any]) -> tuple[str, Any]:
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise _bad(path, number, f"has the kind {kind!r}, which is none of {', '.join(KINDS)}: is the tool too old?")
    version = data.get("format", FORMAT)
    if kind == "header" and isinstance(version, int) and version > FORMAT:
        message = f"was written in format {version}, this tool reads up to {FORMAT}: install a newer chat-parity"
        raise _bad(path, number, message)
    try:
        return kind, decode(KINDS[kind], data, kind)
    except ValueError as error:
        raise _bad(path, number, f"{error}: the log is damaged, run again") from None


def _bad(path: Path, line: int, message: str) -> BadFile:
    return BadFile(Mistake(path, line, message))
