"""Latencies are read from transcripts: of replies, and of events at other connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.load.measure import Measurer
from conformance.results.exchange import OWN
from conformance.results.model import Entry, Outcome, Result

if TYPE_CHECKING:
    from conformance.spec import Spec

ALICE, BOB, LOBBY = (f"{digit}b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11" for digit in "123")
MESSAGE = "9b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11"


def connects(at: float, who: str) -> Entry:
    return Entry(at, who, "·", None, "connected to instance 1")


def sends(at: float, who: str, kind: str, **fields: Any) -> Entry:
    return Entry(at, who, "→", {"type": kind, **fields})


def gets(at: float, who: str, kind: str, **fields: Any) -> Entry:
    return Entry(at, who, "←", {"type": kind, **fields})


def says(at: float, who: str, content: str = "hello") -> Entry:
    return sends(at, who, "SendMessage", conversation_id=LOBBY, content=content)


def confirmed(at: float, who: str, action: str = "message_sent") -> Entry:
    return gets(at, who, "ActionConfirmed", action=action, success=True)


def told(at: float, who: str, content: str = "hello", message: str = MESSAGE) -> Entry:
    sender = {"sender_id": ALICE, "message_id": message}
    return gets(at, who, "NewMessage", conversation_id=LOBBY, content=content, **sender)


def result(*entries: Entry) -> Result:
    names = {ALICE: "alice", BOB: "bob"}
    return Result("toy.told", "send_message", ("SEND-1",), Outcome.PASS, 1.0, transcript=entries, names=names)


START = (connects(0, "alice"), confirmed(1, "alice", "connected"), connects(0, "bob"))


def test_a_reply_is_measured_from_its_request(spec: Spec) -> None:
    entries = (*START, says(10, "alice"), told(12, "alice"), confirmed(15, "alice"))
    measured = Measurer(spec).measure(result(*entries))
    assert measured.replies == (("SendMessage", 0.005),)
    assert measured.sent == {"SendMessage": 1}


def test_replies_belong_to_requests_in_order(spec: Spec) -> None:
    error = gets(18, "alice", "Error", message="no", code="forbidden")
    entries = (*START, says(10, "alice"), sends(11, "alice", "Ping"), confirmed(15, "alice"), error)
    measured = Measurer(spec).measure(result(*entries))
    assert measured.replies == (("SendMessage", 0.005), ("Ping", 0.007))
    assert (measured.refused, measured.limited) == ({"Ping": 1}, {"Ping": 0})


def test_a_request_refused_for_a_rate_limit_is_counted_apart(spec: Spec) -> None:
    entries = (*START, says(10, "alice"), gets(11, "alice", "Error", message="slow down", code="rate_limited"))
    assert Measurer(spec).measure(result(*entries)).limited == {"SendMessage": 1}


def test_what_the_harness_asks_for_itself_is_not_counted(spec: Spec) -> None:
    entries = (*START, Entry(10, "alice", "→", None, f'{{"type": "Ping"}}, to know {OWN}'), says(11, "alice"))
    measured = Measurer(spec).measure(result(*entries, confirmed(14, "alice")))
    assert measured.sent == {"SendMessage": 1}
    assert measured.replies == (("SendMessage", 0.003),)


def test_an_event_is_measured_at_each_connection_but_that_of_its_request(spec: Spec) -> None:
    phone = connects(2, "alice@phone")
    entries = (*START, phone, says(10, "alice"), told(11, "alice"), told(12, "bob"), told(14, "alice@phone"))
    measured = Measurer(spec).measure(result(*entries))
    assert sorted(measured.deliveries) == [("NewMessage", 0.002), ("NewMessage", 0.004)]


def test_events_of_alike_requests_belong_to_them_in_order(spec: Spec) -> None:
    entries = (*START, says(10, "alice"), says(20, "alice"), told(25, "bob"), told(28, "bob", message=BOB))
    assert Measurer(spec).measure(result(*entries)).deliveries == (("NewMessage", 0.015), ("NewMessage", 0.008))


def test_where_events_are_missing_nothing_tells_which_request_they_belong_to(spec: Spec) -> None:
    entries = (
        *START,
        says(10, "alice"),
        says(20, "alice"),
        told(25, "bob"),
        says(30, "alice", "x"),
        told(31, "bob", "x"),
    )
    assert Measurer(spec).measure(result(*entries)).deliveries == (("NewMessage", 0.001),)


def test_a_refused_request_has_no_event(spec: Spec) -> None:
    refused = gets(11, "alice", "Error", message="no", code="forbidden")
    entries = (*START, says(10, "alice"), refused, says(20, "alice"), told(24, "bob"))
    assert Measurer(spec).measure(result(*entries)).deliveries == (("NewMessage", 0.004),)


def test_an_event_for_one_user_is_measured_at_that_user(spec: Spec) -> None:
    call = {"conversation_id": LOBBY, "sdp": "v=0"}
    asked = sends(10, "alice", "CallOffer", target_user_id=BOB, **call)
    entries = (*START, asked, gets(13, "bob", "CallOffer", from_user_id=ALICE, **call))
    assert Measurer(spec).measure(result(*entries)).deliveries == (("CallOffer", 0.003),)


def test_an_event_that_comes_again_is_counted(spec: Spec) -> None:
    entries = (*START, says(10, "alice"), told(11, "bob"), told(12, "bob"), told(11, "alice"))
    assert Measurer(spec).measure(result(*entries)).doubled == {"NewMessage": 1}
    again = (*START, says(10, "alice"), told(11, "bob"), connects(12, "bob"), told(13, "bob"))
    assert not Measurer(spec).measure(result(*again)).doubled


def test_of_a_transcript_without_its_beginning_only_requests_are_counted(spec: Spec) -> None:
    cut = Entry(0.0, "", "·", None, "7 earlier lines are left out")
    measured = Measurer(spec).measure(result(cut, says(10, "alice"), confirmed(11, "alice")))
    assert measured.sent == {"SendMessage": 1}
    assert measured.replies == ()


def test_frames_of_any_form_are_borne(spec: Spec) -> None:
    odd = (
        Entry(3, "alice", "→", None, "no JSON"),
        Entry(4, "alice", "←", None, "no JSON"),
        Entry(5, "alice", "←", {"type": 7}),
        Entry(5, "bob", "←", {"type": "NewMessage", "sender_id": ["x"], "message_id": {}}),
        sends(6, "nobody", "NoSuchType"),
        confirmed(7, "stranger"),
    )
    assert Measurer(spec).measure(result(*START, *odd)).replies == ()
