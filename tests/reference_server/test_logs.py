from __future__ import annotations

import logging
import sys
from uuid import uuid4

import pytest

from reference_server.logs import KINDS, REPEAT_S, OncePerMinute, redact
from tests.reference_server.support import token

TOKEN = token(uuid4())


class TestRedact:
    @pytest.mark.parametrize(
        "line",
        [
            f'127.0.0.1 - "WebSocket /ws?token={TOKEN}" [accepted]',
            f"GET /ws?x=1&token={TOKEN}&y=2 HTTP/1.1",
            f"Authorization: Bearer {TOKEN}",
            f"claims of {TOKEN!r} failed",
        ],
    )
    def test_strikes_out_tokens_wherever_they_are(self, line: str):
        struck = redact(line)
        assert "***" in struck
        assert not any(part in struck for part in TOKEN.split("."))

    def test_leaves_the_rest(self):
        assert redact("GET /ws?x=1&token=abc&y=2") == "GET /ws?x=1&token=***&y=2"


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    """Give a line that is to be logged."""
    return logging.LogRecord("name", logging.ERROR, "", 0, message, arguments, sys.exc_info() if error else None)


class TestOncePerMinute:
    def test_lets_each_line_through_once_a_minute_and_counts_the_others(self):
        now = [0.0]
        sparing = OncePerMinute(lambda: now[0])
        assert [sparing.filter(record("%s is full", "disk")) for _ in range(3)] == [True, False, False]
        assert sparing.filter(record("%s is full", "memory"))
        now[0] += REPEAT_S
        again = record("%s is full", "disk")
        assert sparing.filter(again)
        assert again.getMessage() == "disk is full (2 more like this since the last)"
        now[0] += REPEAT_S
        assert sparing.filter(once_more := record("%s is full", "disk"))
        assert once_more.getMessage() == "disk is full"

    def test_tells_exceptions_apart_by_their_kind_and_place(self):
        sparing = OncePerMinute()
        seen = []
        for kind in (LookupError, LookupError, ValueError):
            try:
                raise kind
            except Exception:
                seen.append(sparing.filter(record("failed", error=True)))
        assert seen == [True, False, True]

    def test_remembers_a_bounded_number_of_lines(self):
        sparing = OncePerMinute()
        for number in range(3 * KINDS):
            assert sparing.filter(record("%d", number))
        assert len(sparing._seen) <= KINDS
