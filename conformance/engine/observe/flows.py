"""Reads flows of mitmproxy, as JSON."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from conformance.engine.observe.addresses import address_of
from conformance.engine.observe.head import secrets_in
from conformance.engine.observe.recorded import BINARY, Corrupt, Passed, Recorded, pairs, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def flows(found: list[Any]) -> Iterator[Recorded]:
    """Give the connections among flows; raises Corrupt."""
    for index, flow in enumerate(found):
        place = f"flow {index + 1}"
        if not isinstance(flow, dict):
            raise Corrupt(f"{place} is not an object")
        if flow.get("type", "http") not in ("http", "websocket"):
            continue  # Such as `tcp` and `dns`.
        inner = flow.get("websocket") if isinstance(flow.get("websocket"), dict) else flow
        assert inner is not None
        if not isinstance(inner.get("messages"), list):
            continue
        messages = [_message(one, f"{place}, message {at + 1}") for at, one in enumerate(inner["messages"])]
        request = flow.get("request") if isinstance(flow.get("request"), dict) else {}
        assert request is not None
        secrets = secrets_in(str(request.get("path", "")), pairs(request.get("headers")))
        yield Recorded(secrets, tuple(messages), address=_address(request))


def _address(request: dict[str, Any]) -> str | None:
    scheme, host, path = request.get("scheme", "http"), request.get("host"), request.get("path", "")
    if not isinstance(host, str):
        return None
    return address_of(f"{scheme}://{host}:{request.get('port', '')}{path}")


def _message(one: Any, place: str) -> Passed:
    if isinstance(one, list) and len(one) >= 4:
        opcode, from_client, content, at = one[:4]
    elif isinstance(one, dict):
        opcode, from_client = one.get("type", one.get("opcode", 1)), one.get("from_client")
        content, at = one.get("content", one.get("text")), one.get("timestamp")
    else:
        raise Corrupt(f"{place} is not a message: write [opcode, from_client, content, timestamp] or an object")
    if not isinstance(from_client, bool):
        raise Corrupt(f"{place}: from_client is not true or false")
    if not isinstance(content, str):
        raise Corrupt(f"{place}: its content is not a text")
    data = content.encode() if opcode == BINARY else _unescaped(content)
    return Passed(time_of(at, f"{place}: its timestamp"), "sent" if from_client else "received", data)


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
