"""Idle time ends with a message that comes, not with one of ours that nobody may have got."""

from __future__ import annotations

import pytest

from conformance.wire.activity import UNREAD, Activity


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give a clock that only the test moves: its one item is what it shows."""
    now = [100.0]
    monkeypatch.setattr("conformance.wire.activity.time.perf_counter", lambda: now[0])
    return now


def test_it_lasts_from_the_last_message_on(clock: list[float]) -> None:
    activity = Activity()
    clock[0] += 5
    activity.sent()
    activity.heard()
    clock[0] += 2
    assert activity.idle() == 2


def test_it_goes_on_while_messages_go_one_way_only(clock: list[float]) -> None:
    activity = Activity()
    for _ in range(3):
        clock[0] += 2
        activity.heard()
    assert activity.idle() == 6


def test_a_message_of_ours_that_nothing_has_answered_does_not_end_it(clock: list[float]) -> None:
    activity = Activity()
    for seconds in (5.0, 0.5, 0.25):
        clock[0] += seconds
        activity.sent()
    assert activity.idle() == 5.75
    activity.heard()
    assert activity.idle() == 0


def test_a_ping_tends_a_connection_and_does_not_end_its_idle_time(clock: list[float]) -> None:
    activity = Activity()
    for seconds in (0.5, 2.0, 0.5):
        clock[0] += seconds
        activity.spoken()
    assert (activity.idle(), activity.untended()) == (3.0, 2.0)
    activity.heard()
    assert activity.untended() == 0


@pytest.mark.parametrize("pinged_first", [True, False])
def test_what_is_read_right_after_a_gap_may_have_come_before_it(clock: list[float], pinged_first: bool) -> None:
    """We wake up late: what the kernel has kept is read, and only then that the connection has been ended since."""
    activity = Activity()
    clock[0] += 5
    for note in (activity.spoken, activity.heard) if pinged_first else (activity.heard, activity.spoken):
        note()
    assert activity.untended() == 5
    clock[0] += UNREAD
    activity.heard()
    assert activity.untended() < 5


def test_ends_with_the_close_frame_however_long_tcp_stays_open(clock: list[float]) -> None:
    activity = Activity()
    clock[0] += 7
    assert (activity.idle(5), activity.untended(5)) == (2, 2)
