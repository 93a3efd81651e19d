"""Reads a log back, with a clear message for each way in which a file is invalid."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NoReturn

from conformance.errors import BadFile, Mistake
from conformance.files.regular_file import open_regular
from conformance.results.runlog import records
from conformance.results.runlog.assembly import DAMAGED, Assembly
from conformance.results.runlog.decode import decode
from conformance.results.runlog.records import FORMAT, KINDS, Footer, Run
from conformance.results.runlog.seal import Seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.results.runlog.records import Record

SEALED_FROM = 2
"""The first format whose logs are sealed."""


def read_run(path: Path, *, observed: bool = False) -> Run:
    """Read a log back, or the `run.jsonl` of a folder; raises BadFile with the line and what to do if it is invalid.

    A log of observed traffic is refused unless it may be one (`observed`): it says what was seen, and not what a server
    can do, so nothing can be concluded from what is not in it.

    A crash leaves a last line without a line feed: it is dropped, and the run counts as incomplete. A log that was
    changed in any other way is refused.
    """
    path = _log(path)
    assembly, seal = Assembly(), Seal()
    for number, line in _lines(path):
        try:
            data = _object(line)
        except ValueError as error:
            if _is_torn(line, error):
                break
            raise _bad(path, number, _no_record(path, number)) from None
        record = _record(path, number, data)
        try:
            assembly.take(data["kind"], record)
        except ValueError as error:
            raise _bad(path, number, str(error)) from None
        if isinstance(record, Footer) and _is_sealed(assembly, data) and not seal.fits(line):
            raise _bad(path, number, f"its sha256 does not fit, so something was changed afterwards: {DAMAGED}")
        seal.feed(line)
    run = assembly.run()
    if run is None:
        raise _bad(path, 0, "is empty or cut off before its header ended; run again, or name another log")
    if run.header.observed and not observed:
        said = "is a log of observed traffic, which says what was seen and not what a server can do; `report` shows it"
        raise _bad(path, 1, said)
    return run


def read_record(path: Path, number: int, line: bytes) -> Record:
    """Give the record of one whole line, to follow a log that is still being written; raises BadFile."""
    try:
        data = _object(line)
    except ValueError:
        raise _bad(path, number, _no_record(path, number)) from None
    record: Record = _record(path, number, data)
    return record


def _log(path: Path) -> Path:
    try:
        return path / "run.jsonl" if path.is_dir() else path
    except OSError:
        return path  # Opening the file reports what is wrong.


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Give each line with its number, its line feed included; never more than `LINE_LIMIT` bytes are read at once."""
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
                yield number, line
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is not the name of a file"
        raise _bad(path, 0, f"cannot be read ({why}); name a `run.jsonl` or the folder that holds one") from None


def _object(line: bytes) -> dict[str, Any]:
    """Give the JSON object of a line; raises ValueError."""
    try:
        data = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if isinstance(data, dict):
        return data
    raise ValueError("it is no object")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("one object has the same key twice")
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _is_torn(line: bytes, error: ValueError) -> bool:
    """Tell whether a line is the beginning of a record, as a crash leaves it."""
    if line.endswith(b"\n") or not line.startswith(b"{"):
        return False
    if isinstance(error, UnicodeDecodeError) and error.reason == "unexpected end of data":
        line = line[: error.start]
        try:
            _object(line)
        except ValueError as inner:
            return _is_torn(line, inner)
    return isinstance(error, json.JSONDecodeError) and error.msg != "Extra data"


def _no_record(path: Path, number: int) -> str:
    if number > 1:
        return f"is not a JSON object: {DAMAGED}"
    beside = path.parent / "run.jsonl"
    there = f"{beside}, beside it" if beside.is_file() and beside != path else "a `run.jsonl`"
    return f"does not begin a log of a run (parity.json and pages are only made from one); name {there}"


def _is_sealed(assembly: Assembly, footer: dict[str, Any]) -> bool:
    return "sha256" in footer or (assembly.header is not None and assembly.header.format >= SEALED_FROM)


def _record(path: Path, number: int, data: dict[str, Any]) -> Any:
    kind = data.get("kind")
    if number == 1 and "kind" not in data:
        raise _bad(path, number, _no_record(path, number))
    if not isinstance(kind, str) or kind not in KINDS:
        shown = repr(kind)[:40]
        raise _bad(path, number, f"has the kind {shown}; known are {', '.join(KINDS)}: is the tool too old?")
    version = data.get("format", FORMAT)
    if kind == "header" and isinstance(version, int) and version > FORMAT:
        message = f"was written in format {version}, this tool reads up to {FORMAT}: install a newer chat-parity"
        raise _bad(path, number, message[:300])
    try:
        return decode(KINDS[kind], data, kind)
    except (ValueError, RecursionError) as error:
        raise _bad(path, number, f"{str(error)[:300]}: {DAMAGED}") from None


def _bad(path: Path, line: int, message: str) -> BadFile:
    return BadFile(Mistake(path, line, message))
