"""Which timers of a server may have run out is known from the requests that start them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.explore import timers
from conformance.engine.explore.timers import Timers

if TYPE_CHECKING:
    from conformance.spec import Spec

BEGIN, END = ({"type": "Typing", "conversation_id": "x", "is_typing": begins} for begins in (True, False))
EXPIRY = 5.0


@pytest.mark.parametrize(
    ("sent", "after", "overdue"),
    [
        ([BEGIN], EXPIRY, True),
        ([BEGIN], EXPIRY - 1, False),
        ([BEGIN, BEGIN], EXPIRY, True),  # The first one may count.
        ([END], EXPIRY, False),
        ([], EXPIRY, False),
    ],
)
def test_a_timer_runs_from_the_first_request_that_starts_it(
    whole_spec: Spec, monkeypatch: pytest.MonkeyPatch, sent: list[dict[str, Any]], after: float, overdue: bool
) -> None:
    now = [0.0]
    monkeypatch.setattr(timers, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    run: Any = SimpleNamespace(spec=whole_spec, timer=lambda path: EXPIRY)
    started = Timers(run)
    for number, frame in enumerate(sent):
        now[0] = float(number)
        started.sent(frame)
    now[0] = after
    assert started.overdue() is overdue
