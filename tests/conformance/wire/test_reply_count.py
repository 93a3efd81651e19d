"""Which reply answers a request of the barrier, also where an Error stands in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.wire.reply_count import ReplyCount

if TYPE_CHECKING:
    from collections.abc import Sequence

PONG, ERROR, DONE = "Pong", "Error", "Done"


def counted(*events: str | None) -> tuple[ReplyCount, list[int]]:
    """Give the count after a greeting and these events, and the places in the log of the replies to the barrier.

    `ask` and `request` are what we send, `ping` is the barrier's request in a scenario, all others are frames.
    """
    count, log, taken = ReplyCount(PONG, ERROR, [DONE]), [DONE], list[int]()
    count.take(DONE, 0)
    for event in events:
        if event == "ask":
            count.ask()
        if event == "ping":
            count.sent_barrier_request()
        if event in {"ask", "ping", "request"}:
            count.written += 1
            continue
        log.append(str(event))
        if count.take(event, len(log) - 1):
            taken.append(len(log) - 1)
    return count, taken


@pytest.mark.parametrize(
    ("events", "taken"),
    [
        pytest.param(["ask", PONG], [1], id="a reply"),
        pytest.param(["ask", ERROR], [1], id="an Error in its place"),
        pytest.param(["request", "ask", ERROR, ERROR], [2], id="the Error behind that of a request"),
        pytest.param(["request", "ask", DONE, ERROR], [2], id="the Error behind the reply of a request"),
        pytest.param(["request", "ask", ERROR, PONG], [2], id="not the Error of a request"),
        pytest.param(["ask", ERROR, "ask", PONG], [1, 2], id="the next one has its own reply"),
        pytest.param(["ping", "ping", "ask", PONG, ERROR, PONG], [3], id="a ping of the scenario is refused"),
        pytest.param(["ping", "ask", ERROR, ERROR, "ping", "ask", PONG, PONG], [2, 4], id="and later one is not"),
        pytest.param(["ask", PONG, ERROR], [1], id="an Error that nobody asked for"),
        pytest.param(["ask", None, ERROR], [2], id="an event between them is no reply"),
    ],
)
def test_finds_the_replies_to_the_barrier(events: Sequence[str | None], taken: list[int]) -> None:
    count, found = counted(*events)
    assert found == taken
    assert count.handled == count.written


def test_does_not_guess_where_a_request_may_have_no_reply() -> None:
    count, found = counted("request", "ask", ERROR)
    assert (found, count.is_answered(1), count.handled) == ([], False, 0)
    count.give_up(1)
    assert (count.is_answered(1), count.refuses, count.handled) == (True, False, 2)


def test_goes_on_in_step_after_it_gave_up() -> None:
    count, _ = counted("request", "ask", ERROR)
    count.give_up(1)
    assert count.ask() == 2
    count.written += 1
    assert count.take(PONG, 2)
    assert count.is_answered(2)


def test_gives_an_error_back_when_the_reply_comes_after_all() -> None:
    """The server has sent an Error besides the reply to the first request."""
    count, found = counted("request", "ask", DONE, ERROR)
    assert (found, count.refuses) == ([2], True)
    assert count.take(PONG, 3)
    assert (count.mistaken, count.refuses) == ({2}, False)


def test_takes_a_late_reply_after_it_gave_up() -> None:
    count, _ = counted("request", "ask", ERROR)
    count.give_up(1)
    assert count.take(PONG, 2)
    assert (count.mistaken, count.is_refused(1)) == (set(), False)
