"""The JSON form of notices, between processes and in the journal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from reference_server.pubsub import Event, RoleChanged


def encode(notice: Event | RoleChanged, **more: Any) -> bytes:
    """Write a notice, with additional fields for the reader."""
    if isinstance(notice, RoleChanged):
        body: dict[str, Any] = {"role_of": str(notice.user_id), "may_read": notice.may_read}
    else:
        body = {"frame": notice.frame}
        if notice.only is not None:
            body["only"] = str(notice.only)
        if notice.besides is not None:
            body["besides"] = str(notice.besides)
        if notice.fleeting:
            body["fleeting"] = True
        if notice.typist is not None:
            body["typist"] = [str(notice.typist[0]), notice.typist[1]]
    return orjson.dumps(body | more)


def parse(data: bytes | str) -> dict[str, Any]:
    """Read the JSON object that `encode` has written; raises ValueError."""
    body = orjson.loads(data)
    if not isinstance(body, dict):
        raise ValueError("a notice must be an object")
    return body


def decode(body: dict[str, Any]) -> Event | RoleChanged:
    """Give the notice of a JSON object; raises ValueError."""
    try:
        if "role_of" in body:
            return RoleChanged(UUID(body["role_of"]), bool(body["may_read"]))
        typist, frame = body.get("typist"), body["frame"]
        if not isinstance(frame, str):
            raise TypeError("a frame must be a text")
        return Event(
            frame,
            only=_user(body.get("only")),
            besides=_user(body.get("besides")),
            fleeting=bool(body.get("fleeting")),
            typist=None if typist is None else (UUID(typist[0]), bool(typist[1])),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"not a notice: {error}") from None


def _user(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
