"""A wrong clock (`--clock-skew`), as clients see it; the database keeps the correct times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

#: The fields with instants in frames that the server sends, and the field in frames that it reads.
SENT = {"created_at", "edited_at", "deleted_at", "read_at", "delivered_at", "next_since"}
READ = "since"


def sent(text: str, seconds: float) -> str:
    """Give a frame of the server whose instants are `seconds` later."""
    return orjson.dumps(_shift(orjson.loads(text), timedelta(seconds=seconds))).decode()


def read(text: str, seconds: float) -> str:
    """Give a frame of a client whose `since` is `seconds` earlier; every other text stays as it is, whatever it is."""
    try:
        frame = orjson.loads(text)
        since = frame[READ]
        earlier = _later(since, timedelta(seconds=-seconds))
        return text if earlier == since else orjson.dumps({**frame, READ: earlier}).decode()
    except (ValueError, KeyError, TypeError):  # no JSON, no `since`, or nested too deeply to be written again
        return text


def _shift(value: Any, by: timedelta) -> Any:
    if isinstance(value, list):
        return [_shift(item, by) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _later(item, by) if name in SENT and isinstance(item, str) else _shift(item, by)
        for name, item in value.items()
    }


def _later(instant: str, by: timedelta) -> str:
    """Give a later instant; a text that is not an instant, or would leave the calendar, stays the same."""
    try:
        return (datetime.fromisoformat(instant) + by).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return instant
