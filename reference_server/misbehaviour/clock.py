"""A clock that is wrong (`--clock-skew`), as clients see it; what the database holds stays right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

#: The instants of the protocol, in what the server sends and in what it reads.
SENT = {"created_at", "edited_at", "deleted_at", "read_at", "delivered_at", "next_since"}
READ = {"since"}


def skewed(text: str, seconds: float, names: set[str]) -> str:
    """Give a frame whose instants of these names are later by so many seconds; what is no frame stays."""
    try:
        frame = orjson.loads(text)
    except ValueError:
        return text
    return orjson.dumps(_shift(frame, timedelta(seconds=seconds), names)).decode()


def _shift(value: Any, by: timedelta, names: set[str]) -> Any:
    if isinstance(value, list):
        return [_shift(item, by, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _later(item, by) if name in names and isinstance(item, str) else _shift(item, by, names)
        for name, item in value.items()
    }


def _later(instant: str, by: timedelta) -> str:
    """Give a later instant; what is none, or would leave the calendar, stays."""
    try:
        return (datetime.fromisoformat(instant) + by).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return instant
