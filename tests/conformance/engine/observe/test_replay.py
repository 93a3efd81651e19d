"""A recording passes an observer as if it were live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.observe.observer import Observer
from conformance.engine.observe.recorded import Passed, Recorded
from conformance.engine.observe.replay import SINCE, in_order, is_dated, replay

if TYPE_CHECKING:
    from conformance.spec import Spec


def recorded(*times: float) -> Recorded:
    return Recorded((), tuple(Passed(at, "sent", '{"type": "Ping"}') for at in times))


def test_connections_are_put_in_order_by_time_but_each_keeps_its_own() -> None:
    found = [recorded(5, 1, 7), recorded(3, 6)]
    assert [(number, message.at) for number, message in in_order(found)] == [(1, 3), (0, 5), (0, 1), (1, 6), (0, 7)]


def test_each_connection_opens_with_its_first_message_and_ends_with_its_last(spec: Spec) -> None:
    class Counting(Observer):
        def message(self, connection: str, way: str, data: str | bytes, at: float, problem: str = "") -> None:
            open_at_a_time.append(self.open)
            super().message(connection, way, data, at, problem)

    open_at_a_time: list[int] = []
    observer = Counting(spec)
    replay([recorded(1, 4), recorded(2, 3)], observer)
    assert open_at_a_time == [1, 2, 2, 1]
    assert (observer.connections, observer.open, observer.frames["sent"]) == (2, 0, 4)


@pytest.mark.parametrize(("earliest", "dated"), [(SINCE + 1, True), (5.0, False)])
def test_times_count_as_dates_only_if_all_are_seconds_since_1970(earliest: float, dated: bool) -> None:
    assert is_dated([recorded(SINCE + 2), recorded(earliest, SINCE + 3)]) is dated
