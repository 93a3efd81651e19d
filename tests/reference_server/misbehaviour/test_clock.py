from __future__ import annotations

import json

import pytest

from reference_server.misbehaviour import clock

NOON, LATER = "2026-01-01T12:00:00Z", "2026-01-01T12:05:00Z"


def test_of_what_is_sent_is_ahead_wherever_an_instant_is():
    frame = {"created_at": NOON, "messages": [{"edited_at": NOON, "content": NOON, "read_at": None}]}
    assert json.loads(clock.sent(json.dumps(frame), 300.0)) == {
        "created_at": LATER,
        "messages": [{"edited_at": LATER, "content": NOON, "read_at": None}],
    }


def test_of_what_is_read_is_the_same_clock():
    assert json.loads(clock.read(json.dumps({"type": "SyncMessages", "since": LATER}), 300.0))["since"] == NOON


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[1]",
        "1",
        '{"since": 5}',
        '{"since": "yesterday"}',
        '{"since": "0001-01-01T00:00:00Z"}',
        '{"content": "' + NOON + '", "n": 123456789012345678901234567890}',
        "[" * 500 + "]" * 500,
        '{"since": "' + NOON + '", "x": ' + "[" * 500 + "]" * 500 + "}",
    ],
    ids=lambda text: text[:30],
)
def test_leaves_every_other_text_as_it_is(text: str):
    assert clock.read(text, 300.0) == text
