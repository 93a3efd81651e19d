"""A wrong clock (`--clock-skew`), as clients see it; the database keeps the correct times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

#: The fields with instants: in frames that the server sends, and in frames that it reads.
SENT = {"created_at", "edited_at", "deleted_at", "read_at", "delivered_at", "next_since"}
READ = {"since"}


def skewed(text: str, seconds: float, names: set[str]) -> str:
    """Give a frame whose instants in these fields are `seconds` later; a text that is not JSON stays the same."""
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
    """Give a later instant; a text that is not an instant, or would leave the calendar, stays the same."""
    try:
        return (datetime.fromisoformat(instant) + by).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return instant
