"""How long a server asks clients to stay away: HTTP 429, or 503 with `Retry-After`."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRIES = 3
LONGEST = 60.0
"""The longest wait in seconds; if a server asks for more, the run ends."""
TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
FIRST = 1.0
"""Seconds to wait if the server does not say how long; doubled each time."""


def asked_to_wait(
    status: int | None, retry_after: str | None, attempt: int, now: datetime | None = None
) -> float | None:
    """Give the seconds to wait after refusal number `attempt` (from 1); None: the refusal does not ask for a wait.

    A 503 without `Retry-After` is a failing server. The header is a number of seconds or a date (RFC 9110 §10.2.3);
    anything else counts as absent.
    """
    asked = _seconds(retry_after, now or datetime.now(UTC)) if retry_after else None
    if status == TOO_MANY_REQUESTS:
        return FIRST * 2 ** (attempt - 1) if asked is None else asked
    return asked if status == UNAVAILABLE else None


def _seconds(text: str, now: datetime) -> float | None:
    if text.isascii() and text.isdecimal():
        return float(text[:10])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())
