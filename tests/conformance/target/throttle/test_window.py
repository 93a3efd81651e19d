from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.target.throttle.window import Window


def times(window: Window, count: int, now: float = 0.0) -> list[float]:
    """The times at which `count` simultaneous requests go."""
    found = []
    for _ in range(count):
        now = window.due(now)
        window.take(now)
        found.append(now)
    return found


def test_lets_a_second_of_the_rate_through_at_once() -> None:
    assert times(Window(3), 3) == [0, 0, 0]


def test_holds_the_next_one_back_for_a_second_and_a_margin() -> None:
    assert times(Window(3), 4)[3] == pytest.approx(1.05)


def test_a_rate_below_one_is_one_in_several_seconds() -> None:
    assert times(Window(0.5), 3) == pytest.approx([0, 2.1, 4.2])


def test_is_idle_again_when_all_of_it_has_passed() -> None:
    window = Window(2)
    assert window.idle(0)
    window.take(1.0)
    assert not window.idle(2.0)
    assert window.idle(2.1)


@given(rate=st.floats(0.1, 50), gaps=st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_never_lets_more_than_the_rate_into_any_stretch(rate: float, gaps: list[float]) -> None:
    window, now, taken = Window(rate), 0.0, []
    for gap in gaps:
        now = window.due(now + gap)
        window.take(now)
        taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            stretch = taken[last] - taken[first]
            assert last - first + 1 <= max(1, rate) + rate * stretch + 1e-6
