"""What a problem is about on the wire, as a transcript shows it."""

from __future__ import annotations

from conformance.results.exchange import OWN, Exchange, exchange_of
from conformance.results.model import Entry
from tests.conformance.report import toys

EDIT = Entry(2.0, "bob", "→", {"kind": "Edit"})
EARLIER = Entry(1.0, "bob", "←", {"kind": "Sent"})
YES = Entry(3.0, "bob", "←", {"kind": "Confirmed"})
OTHERS = Entry(3.0, "alice", "←", {"kind": "Edited"})
BARRIER = Entry(4.0, "bob", "→", None, f'{{"kind": "Ping"}} {OWN}')


def exchange(
    *entries: Entry, message: str = "no Error at bob", step: str = "expect Error at bob", **more: int
) -> Exchange:
    return exchange_of(toys.problem(message, step=step, **more), entries, "kind")


def test_what_came_is_what_the_connection_got_after_the_last_request() -> None:
    assert exchange(EARLIER, EDIT, YES, OTHERS, BARRIER) == Exchange("Edit", ("Confirmed",))


def test_what_came_before_the_request_is_no_answer_although_it_is_the_nearest() -> None:
    assert exchange(EARLIER, EDIT, message="no matching Sent at bob; it differs", entry=0) == Exchange("Edit", ())


def test_of_a_connection_that_asked_for_nothing_it_is_what_that_one_got() -> None:
    assert exchange(EDIT, YES, OTHERS, message="no Error at alice, closed") == Exchange("Edit", ("Edited",))


def test_what_must_not_come_belongs_to_the_request_before_it() -> None:
    later = Entry(5.0, "bob", "→", {"kind": "Leave"})
    found = exchange(EDIT, OTHERS, later, message="alice must never get it", step="never Edited at alice", entry=1)
    assert found == Exchange("Edit", ("Edited",))


def test_without_a_request_there_is_no_exchange() -> None:
    assert exchange(EARLIER, BARRIER) == Exchange()
    assert exchange() == Exchange()
    assert exchange(EARLIER, message="a frame", step="", entry=7) == Exchange()


def test_a_frame_without_a_type_has_a_word_for_it() -> None:
    raw = Entry(1.0, "bob", "→", None, "not JSON")
    assert exchange(raw, Entry(2.0, "bob", "←", {"kind": 3})) == Exchange("a frame of no type", ("a frame of no type",))
