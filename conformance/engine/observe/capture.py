"""Reads recordings of WebSocket traffic: HAR files, flows of mitmproxy as JSON, and the lines of `watch --record`."""

from __future__ import annotations

import base64
import binascii
import codecs
import heapq
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engine.observe.head import secrets_in
from conformance.errors import BadFile, Mistake
from conformance.files.documents import decoded
from conformance.files.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 256 << 20
"""The largest recording, in bytes; a larger one would need too much memory."""

BINARY = 2
"""The opcode of binary messages (RFC 6455 §5.2)."""

MILLISECONDS = 1e11
"""A number above this is a time in milliseconds since 1970, not in seconds."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One message of a recording: its time in seconds, whether the client `sent` or `received` it, and its content."""

    at: float
    way: str
    data: str | bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """One connection of a recording.

    `secrets` come from its URL and headers. `user` is the id of its user, which only our own recordings have. `whole`:
    the recording has the connection from its beginning.
    """

    secrets: tuple[str, ...]
    messages: tuple[Passed, ...]
    user: str | None = None
    whole: bool = True


class _Corrupt(ValueError):
    """A part of a recording is wrong; the text has the place and the mistake."""


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
    except _Corrupt as error:
        raise BadFile(Mistake(file, 0, str(error))) from None
    if not any(one.messages for one in found):
        said = "it has no WebSocket messages: begin to record before the page connects, and export with content"
        raise BadFile(Mistake(file, 0, said))
    return found


def in_order(found: list[Recorded]) -> Iterator[tuple[int, Passed]]:
    """Give the messages of all connections in the order of their times, each with the number of its connection."""

    def timed(number: int, one: Recorded) -> Iterator[tuple[float, int, int, Passed]]:
        latest = float("-inf")
        for index, message in enumerate(one.messages):
            latest = max(latest, message.at)  # Within a connection, the order of the recording counts.
            yield latest, number, index, message

    for _, number, _, message in heapq.merge(*(timed(number, one) for number, one in enumerate(found))):
        yield number, message


def _recorded(value: Any, text: str, file: Path) -> list[Recorded]:
    if isinstance(value, dict) and "log" in value:
        return [*_har(value["log"])]
    if isinstance(value, list):
        return [*_flows(value)]
    lines = [value] if isinstance(value, dict) else _lines(text, file)
    if lines and "direction" in lines[0]:
        return _own(lines, file)
    if lines and ("request" in lines[0] or "messages" in lines[0] or "websocket" in lines[0]):
        return [*_flows(lines)]
    raise _Corrupt(
        "this is not a HAR file (`log`), not flows of mitmproxy (`request`), and not a recording (`direction`)"
    )


def _har(log: Any) -> Iterator[Recorded]:
    for index, entry in enumerate(_list(log, "entries", "log")):
        place = f"log.entries[{index}]"
        if not isinstance(entry, dict):
            raise _Corrupt(f"{place} is not an object")
        if "_webSocketMessages" not in entry:
            continue
        request = _dict(entry, "request", place)
        messages = _list(entry, "_webSocketMessages", place)
        found = [_har_message(one, f"{place}._webSocketMessages[{at}]") for at, one in enumerate(messages)]
        headers = _pairs(request.get("headers"))
        yield Recorded(secrets_in(str(request.get("url", "")), headers), tuple(filter(None, found)))


def _har_message(one: Any, place: str) -> Passed | None:
    if not isinstance(one, dict):
        raise _Corrupt(f"{place} is not an object")
    kind, data, at = one.get("type"), one.get("data"), one.get("time")
    if kind not in ("send", "receive"):
        if kind == "error":
            return None
        raise _Corrupt(f"{place}.type is {str(kind)[:40]!r}, not send or receive")
    if not isinstance(data, str):
        raise _Corrupt(f"{place}.data is not a text")
    return Passed(
        _time(at, f"{place}.time"), "sent" if kind == "send" else "received", _data(data, one.get("opcode"), place)
    )


def _data(data: str, opcode: Any, place: str) -> str | bytes:
    """Give a message as it was sent; browsers write binary messages in base64."""
    if opcode != BINARY:
        return data
    try:
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise _Corrupt(f"{place}.data is not base64, but its opcode says binary") from None


def _flows(flows: list[Any]) -> Iterator[Recorded]:
    for index, flow in enumerate(flows):
        place = f"flow {index + 1}"
        if not isinstance(flow, dict):
            raise _Corrupt(f"{place} is not an object")
        inner = flow.get("websocket") if isinstance(flow.get("websocket"), dict) else flow
        assert inner is not None
        if not isinstance(inner.get("messages"), list):
            continue
        found = [_flow_message(one, f"{place}, message {at + 1}") for at, one in enumerate(inner["messages"])]
        request = flow.get("request") if isinstance(flow.get("request"), dict) else {}
        assert request is not None
        yield Recorded(secrets_in(str(request.get("path", "")), _pairs(request.get("headers"))), tuple(found))


def _flow_message(one: Any, place: str) -> Passed:
    if isinstance(one, list) and len(one) >= 4:
        opcode, from_client, content, at = one[:4]
    elif isinstance(one, dict):
        opcode, from_client = one.get("type", one.get("opcode", 1)), one.get("from_client")
        content, at = one.get("content", one.get("text")), one.get("timestamp")
    else:
        raise _Corrupt(f"{place} is not a message: write [opcode, from_client, content, timestamp] or an object")
    if not isinstance(from_client, bool):
        raise _Corrupt(f"{place}: from_client is not true or false")
    if not isinstance(content, str):
        raise _Corrupt(f"{place}: its content is not a text")
    data = content.encode() if opcode == BINARY else _unescaped(content)
    return Passed(_time(at, f"{place}: its timestamp"), "sent" if from_client else "received", data)


def _unescaped(content: str) -> str:
    """Undo the escapes of a mitmproxy dump, which writes bytes as Python literals."""
    if "\\" not in content or _is_json(content):
        return content
    try:
        raw, _ = codecs.escape_decode(content.encode("latin-1"))
        found: str = raw.decode()
    except ValueError:
        return content
    return found


def _is_json(content: str) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


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
            data = text if isinstance(text, str) else _data(str(binary), BINARY, "this line")
            latest[name].append(Passed(_time(line.get("at"), "`at`"), direction, data))
        except _Corrupt as error:
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
    return decoded(data, file)


def _time(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise _Corrupt(f"{place} is not a time")
    return value / 1000 if value > MILLISECONDS else float(value)


def _list(value: Any, key: str, place: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise _Corrupt(f"{place}.{key} is not a list")
    return found


def _dict(value: dict[str, Any], key: str, place: str) -> dict[str, Any]:
    found = value.get(key)
    if not isinstance(found, dict):
        raise _Corrupt(f"{place}.{key} is not an object")
    return found


def _pairs(headers: Any) -> list[tuple[str, str]]:
    """Give headers as pairs; reads all three forms and leaves out what it cannot read."""
    if isinstance(headers, dict):
        return [(str(key), str(value)) for key, value in headers.items()]
    pairs = []
    for one in headers if isinstance(headers, list) else ():
        if isinstance(one, dict):
            pairs.append((str(one.get("name", "")), str(one.get("value", ""))))
        elif isinstance(one, list) and len(one) == 2:
            pairs.append((str(one[0]), str(one[1])))
    return pairs
