"""Reads recordings of WebSocket traffic: HAR files, flows of mitmproxy as JSON, and the lines of `watch --record`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from conformance.engine.observe.flows import flows
from conformance.engine.observe.har import har
from conformance.engine.observe.recorded import BINARY, Corrupt, Passed, Recorded, data_of, time_of
from conformance.errors import BadFile, Mistake
from conformance.files.documents import decoded
from conformance.files.regular_file import open_regular

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 256 << 20
"""The largest recording, in bytes; a larger one would need too much memory."""

PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}
"""How compressed files begin."""

NATIVE = re.compile(rb"[0-9]{1,12}:[0-9]{1,12}:")
"""How a file of flows in the own format of mitmproxy begins (a netstring in a netstring)."""


def read_capture(file: Path) -> list[Recorded]:
    """Read a recording in any of the three forms; raises BadFile with the place of the first mistake."""
    text = _text(file)
    if not text.strip():
        raise BadFile(Mistake(file, 0, "it is empty: was the recording ended, and written?"))
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise BadFile(
                Mistake(file, error.lineno, f"this is not JSON: {error.msg}; is the recording cut off?")
            ) from None
        value = None
    except (ValueError, RecursionError):
        raise BadFile(Mistake(file, 0, "this JSON cannot be read: it is too deep, or a number is too long")) from None
    try:
        found = _recorded(value, text, file)
    except Corrupt as error:
        raise BadFile(Mistake(file, 0, str(error))) from None
    if not any(one.messages for one in found):
        said = "it has no WebSocket messages: begin to record before the page connects, and export with content"
        raise BadFile(Mistake(file, 0, said))
    return found


def _recorded(value: Any, text: str, file: Path) -> list[Recorded]:
    if isinstance(value, dict) and "log" in value:
        return [*har(value["log"])]
    if isinstance(value, list):
        return [*flows(value)]
    lines = [value] if isinstance(value, dict) else _lines(text, file)
    if lines and "direction" in lines[0]:
        return _own(lines, file)
    if lines and ("request" in lines[0] or "messages" in lines[0] or "websocket" in lines[0]):
        return [*flows(lines)]
    raise Corrupt(
        "this is not a HAR file (`log`), not flows of mitmproxy (`request`), and not a recording (`direction`)"
    )


def _own(lines: list[dict[str, Any]], file: Path) -> list[Recorded]:
    """Read the lines of `watch --record`: `opened`, `sent`, `received` and `closed` of each connection.

    A name that is opened again is another connection: two recordings may be in one file.
    """
    found: list[tuple[dict[str, Any] | None, list[Passed]]] = []
    latest: dict[str, list[Passed]] = {}
    for number, line in enumerate(lines, 1):
        name, direction = line.get("connection"), line.get("direction")
        if not isinstance(name, str) or direction not in ("opened", "sent", "received", "closed"):
            raise BadFile(
                Mistake(
                    file, number, "this line needs a `connection`, and a `direction`: opened, sent, received or closed"
                )
            )
        if direction == "opened" or name not in latest:
            latest[name] = []
            found.append((line if direction == "opened" else None, latest[name]))
        if direction not in ("sent", "received"):
            continue
        text, binary = line.get("text"), line.get("binary")
        if isinstance(text, str) == isinstance(binary, str):
            raise BadFile(Mistake(file, number, "this line needs either `text` or `binary`"))
        try:
            data = text if isinstance(text, str) else data_of(str(binary), BINARY, "this line")
            latest[name].append(Passed(time_of(line.get("at"), "`at`"), direction, data))
        except Corrupt as error:
            raise BadFile(Mistake(file, number, str(error))) from None
    return [Recorded((), tuple(messages), _user(opened), whole=opened is not None) for opened, messages in found]


def _user(opened: dict[str, Any] | None) -> str | None:
    user = opened.get("user") if opened is not None else None
    return user if isinstance(user, str) and len(user) <= 64 else None


def _lines(text: str, file: Path) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else "it is too deep, or a number is too long"
            raise BadFile(Mistake(file, number, f"this is not JSON: {said}; is the recording cut off?")) from None
        if not isinstance(value, dict):
            raise BadFile(Mistake(file, number, "this line is not a JSON object"))
        found.append(value)
    return found


def _text(file: Path) -> str:
    try:
        with open_regular(file) as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is not a file name"
        raise BadFile(Mistake(file, 0, f"cannot be read: {why}")) from None
    if len(data) > MOST_BYTES:
        raise BadFile(Mistake(file, 0, f"is larger than {MOST_BYTES >> 20} MiB: record a shorter time"))
    packed = next((name for begin, name in PACKED.items() if data.startswith(begin)), None)
    if packed is not None:
        raise BadFile(Mistake(file, 0, f"is compressed ({packed}): unpack it first"))
    if NATIVE.match(data):
        said = "is in mitmproxy's own format: turn it into a HAR file with `mitmdump -nr FILE --set hardump=chat.har`"
        raise BadFile(Mistake(file, 0, said))
    return decoded(data, file)
