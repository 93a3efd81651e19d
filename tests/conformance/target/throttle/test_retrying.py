from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conformance.target.throttle.retrying import asked_to_wait

NOW = datetime(2026, 2, 22, 20, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7),
        (503, "0", 0),
        (503, "Sun, 22 Feb 2026 20:00:30 GMT", 30),
        (503, "Sun, 22 Feb 2026 19:00:00 GMT", 0),
        (429, None, 1),
        (429, "soon", 1),
        (429, "-5", 1),
        (429, "٣", 1),  # only ASCII digits are digits (RFC 9110 §10.2.3)
        (429, "9" * 5000, 9999999999),
        (503, None, None),
        (503, "soon", None),
        (401, "7", None),
        (403, None, None),
        (None, None, None),
    ],
)
def test_only_a_server_that_says_later_is_asked_again(
    status: int | None, header: str | None, seconds: float | None
) -> None:
    assert asked_to_wait(status, header, 1, NOW) == seconds


def test_without_a_time_the_pause_doubles() -> None:
    assert [asked_to_wait(429, None, attempt) for attempt in (1, 2, 3)] == [1, 2, 4]
