"""Reads HAR files with the `_webSocketMessages` of Chrome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.observe.addresses import address_of
from conformance.engine.observe.head import secrets_in
from conformance.engine.observe.recorded import CONTROL, PART, Corrupt, Passed, Recorded, data_of, pairs, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def har(log: Any) -> Iterator[Recorded]:
    """Give the connections of a HAR file; raises Corrupt."""
    for index, entry in enumerate(_list(log, "entries", "log")):
        place = f"log.entries[{index}]"
        if not isinstance(entry, dict):
            raise Corrupt(f"{place} is not an object")
        if "_webSocketMessages" not in entry:
            continue
        request = _dict(entry, "request", place)
        messages = _list(entry, "_webSocketMessages", place)
        found = [_message(one, f"{place}._webSocketMessages[{at}]") for at, one in enumerate(messages)]
        url = str(request.get("url", ""))
        secrets = secrets_in(url, pairs(request.get("headers")))
        yield Recorded(secrets, tuple(filter(None, found)), address=address_of(url))


def _message(one: Any, place: str) -> Passed | None:
    if not isinstance(one, dict):
        raise Corrupt(f"{place} is not an object")
    kind, data, at, opcode = one.get("type"), one.get("data"), one.get("time"), one.get("opcode")
    if kind not in ("send", "receive"):
        if kind == "error":
            return None
        raise Corrupt(f"{place}.type is {str(kind)[:40]!r}, not send or receive")
    if opcode in CONTROL:
        return None
    if opcode == PART:
        raise Corrupt(f"{place} is a part of a message: record whole messages, as browsers and mitmproxy do")
    if not isinstance(data, str):
        raise Corrupt(f"{place}.data is not a text")
    way = "sent" if kind == "send" else "received"
    return Passed(time_of(at, f"{place}.time"), way, data_of(data, opcode, place))


def _list(value: Any, key: str, place: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise Corrupt(f"{place}.{key} is not a list")
    return found


def _dict(value: dict[str, Any], key: str, place: str) -> dict[str, Any]:
    found = value.get(key)
    if not isinstance(found, dict):
        raise Corrupt(f"{place}.{key} is not an object")
    return found
