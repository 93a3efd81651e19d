"""What a server asks for that turns a connection away for a while: HTTP 429, or 503 with `Retry-After`."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRIES = 3
LONGEST = 60.0
"""Seconds that are waited at most; who asks for more is not to be visited today."""
TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
FIRST = 1.0
"""Seconds to stay away where the server does not say how long; doubled each time."""


def asked_to_wait(
    status: int | None, retry_after: str | None, attempt: int, now: datetime | None = None
) -> float | None:
    """Give the seconds to stay away after the `attempt`-th refusal (from 1); None: the refusal is no such wish.

    A 503 without `Retry-After` is a server that fails. The header is a number of seconds or a date (RFC 9110
    §10.2.3); what is neither counts as absent.
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
