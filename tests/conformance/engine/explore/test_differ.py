from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.explore.conversation import Arrive, Ask, Backlog, Depart, Flood, Grant, Race
from conformance.engine.explore.conversation_run import NONE, REFUSED
from conformance.wire.events import Closed
from tests.conformance.engine.explore.stories import (
    ANN,
    BOB,
    LOBBY,
    burst,
    confirmed,
    conversation,
    message,
    ran,
    seen,
    send,
)

if TYPE_CHECKING:
    from conformance.engine.explore.differ import Comparer

STEP = burst(send())
SENT = confirmed("message_sent")


def _kind(comparer: Comparer, tested, other, *steps, **more) -> str | None:
    compared = comparer.compare(conversation(*(steps or (STEP,)), **more), ran(*tested), ran(*other))
    return None if compared.difference is None else compared.difference.kind


def test_two_servers_that_do_the_same_do_not_differ(comparer: Comparer) -> None:
    one = [seen(STEP, SENT, ann=[message()])]
    two = [
        seen(
            STEP,
            SENT,
            ann=[message(message_id="00000000-0000-4000-8000-0000000000f2", created_at="2027-01-01T00:00:00+02:00")],
        )
    ]
    assert _kind(comparer, one, two) is None


@pytest.mark.parametrize(
    ("ours", "kind"),
    [
        ([], "no NewMessage"),
        ([message(), message()], "NewMessage again"),
        ([message("hullo")], "another NewMessage: content"),
        ([message(sender_id=LOBBY)], "another NewMessage: sender_id"),
    ],
)
def test_events_differ(comparer: Comparer, ours: list, kind: str) -> None:
    assert _kind(comparer, [seen(STEP, SENT, ann=ours)], [seen(STEP, SENT, ann=[message()])]) == kind


def test_a_request_before_a_close_is_handled(comparer: Comparer) -> None:
    step = Depart("bob", last=(send(),))
    told, lost = seen(step, ann=[message()]), seen(step, how=NONE)
    compared = comparer.compare(conversation(step), ran(lost), ran(told))
    assert compared.difference is not None
    assert (compared.difference.rule, compared.difference.request) == ("CONN-13", "SendMessage")
    assert _kind(comparer, [lost], [lost], step) is None


def test_who_reads_late_gets_everything_or_its_connection_ends(comparer: Comparer) -> None:
    step = Backlog("bob", (send("ann"),))
    told, lost = seen(step, SENT, bob=[message()]), seen(step, SENT)
    compared = comparer.compare(conversation(step), ran(lost), ran(told))
    assert compared.difference is not None
    assert (compared.difference.rule, compared.difference.kind) == ("CONN-17", "no NewMessage")
    ended = seen(step, SENT, ended={"bob": Closed(1008, "too slow")})
    assert _kind(comparer, [ended], [told], step) is None


def test_an_event_where_nothing_should_come_is_too_many(comparer: Comparer) -> None:
    assert _kind(comparer, [seen(STEP, SENT, ann=[message()])], [seen(STEP, SENT)]) == "NewMessage too many"


def test_an_event_that_a_timer_may_have_sent_is_not_compared_once_it_is_due(comparer: Comparer) -> None:
    step = burst(Ask("bob", "Typing", {"conversation_id": "${lobby}", "is_typing": True}))
    begins = {"type": "UserTyping", "conversation_id": LOBBY, "user_id": BOB, "is_typing": True}
    other, ours = seen(step, ann=[begins]), seen(step, ann=[{**begins, "is_typing": False}, begins])
    assert _kind(comparer, [ours], [other], step) == "UserTyping too many"
    assert _kind(comparer, [ours], [replace(other, overdue=True)], step) is None
    assert _kind(comparer, [seen(step)], [replace(other, overdue=True)], step) == "no UserTyping"


def test_a_server_need_not_tell_that_somebody_stops_who_did_not_type(comparer: Comparer) -> None:
    step = burst(Ask("bob", "Typing", {"conversation_id": "${lobby}", "is_typing": False}))
    ends = {"type": "UserTyping", "conversation_id": LOBBY, "user_id": BOB, "is_typing": False}
    assert _kind(comparer, [seen(step)], [seen(step, ann=[ends])], step) is None


@pytest.mark.parametrize(
    ("by", "kind", "difference"),
    [("bob@two", "JoinConversation", None), ("bob", "FetchHistory", "refused, not granted")],
)
def test_the_second_of_two_requests_at_once_is_one_that_came_again(
    comparer: Comparer, by: str, kind: str, difference: str | None
) -> None:
    ask = Ask(by, kind, {"conversation_id": "${lobby}"})
    step = burst(ask, ask)
    both = seen(step, SENT)
    ours = replace(both, answers=(both.answers[0], replace(both.answers[1], how=REFUSED, frame={"type": "Error"})))
    assert _kind(comparer, [ours], [both], step) == difference


@pytest.mark.parametrize(("about", "difference"), [("m2", None), ("m1", "MessageDelivered too many")])
def test_reading_may_tell_a_delivery_unless_that_delivery_is_requested_too(
    comparer: Comparer, about: str, difference: str | None
) -> None:
    def receipt(kind: str, slot: str) -> Ask:
        return Ask("ann", kind, {"conversation_id": "${lobby}", "message_id": f"${{{slot}}}"})

    step = burst(receipt("MarkAsRead", "m1"), receipt("Delivered", about))
    identity = {"conversation_id": LOBBY, "message_id": message()["message_id"], "user_id": ANN}
    told = {"type": "MessageDelivered", **identity, "delivered_at": "2026-11-29T17:00:00Z"}
    ours = replace(ran(seen(step, SENT, bob=[told])), names={LOBBY: "lobby", told["message_id"]: "m1"})
    found = comparer.compare(conversation(step), ours, ran(seen(step, SENT))).difference
    assert (None if found is None else found.kind) == difference


@pytest.mark.parametrize(("how", "kind"), [(REFUSED, "refused, not granted"), (NONE, "not answered, not granted")])
def test_answers_differ(comparer: Comparer, how: str, kind: str) -> None:
    assert _kind(comparer, [seen(STEP, {"type": "Error"}, how)], [seen(STEP, SENT)]) == kind


def test_a_connection_that_ends_is_a_difference(comparer: Comparer) -> None:
    ours = [seen(STEP, SENT, ended={"bob": Closed(1011)})]
    assert _kind(comparer, ours, [seen(STEP, SENT)]) == "its connection ends"


@pytest.mark.parametrize("who", ["bob@odd", "ann"])
def test_whoever_is_not_let_in_the_cause_is_the_same(comparer: Comparer, who: str) -> None:
    step = Arrive(who)
    refused = replace(ran(), stopped=f"{who} should be let in, and was refused: HTTP 401")
    found = comparer.compare(conversation(step), refused, ran(seen(step))).difference
    assert found is not None
    assert found.kind == "it does not come to this step: a client should be let in, and was refused: HTTP 401"


def test_null_is_as_good_as_absent_and_unknown_fields_do_not_count(comparer: Comparer) -> None:
    ours = [seen(STEP, SENT, ann=[message(parent_message_id=None, colour="red")])]
    assert _kind(comparer, ours, [seen(STEP, SENT, ann=[message()])]) is None


def test_a_field_that_only_other_types_have_does_not_count(comparer: Comparer) -> None:
    more = SENT | {"message": "done", "conversation_id": "c1", "status": "online"}
    assert _kind(comparer, [seen(STEP, more, ann=[message()])], [seen(STEP, SENT, ann=[message()])]) is None


def test_a_call_without_a_type_may_be_told_with_one(comparer: Comparer) -> None:
    call = {"type": "CallOffer", "conversation_id": "c1", "from_user_id": "u1", "sdp": "v=0"}
    for labels, kind in ((frozenset[str](), None), (frozenset({"call_type=plain"}), "another CallOffer: call_type")):
        ask = Ask("bob", "CallOffer", {"conversation_id": "${lobby}", "target_user_id": "${ann}"}, labels)
        sides = [[seen(burst(ask), SENT, ann=[call | {"call_type": one}])] for one in ("audio", None)]
        assert _kind(comparer, *sides) == kind


def test_what_the_protocol_leaves_free_is_no_difference_and_the_rest_is_not_compared(comparer: Comparer) -> None:
    blank = burst(send("bob", "  ", "m1", "content=blank"))
    steps = (blank, STEP)
    ours = [seen(blank, SENT, ann=[message("  ")]), seen(STEP, SENT)]
    theirs = [seen(blank, {"type": "Error"}, REFUSED), seen(STEP, SENT, ann=[message()])]
    compared = comparer.compare(conversation(*steps), ran(*ours), ran(*theirs))
    assert compared.difference is None
    assert compared.parted
    assert compared.freed == ("SEND-7s",)


def test_a_choice_ends_where_another_label_says_so(comparer: Comparer) -> None:
    empty = burst(send("bob", "", "m1", "content=empty"))
    alone = burst(send("bob", "", "m1", "content=empty", "attachments=plain"))
    for step, kind in ((empty, None), (alone, "refused, not granted")):
        ours, theirs = [seen(step, {"type": "Error"}, REFUSED)], [seen(step, SENT)]
        assert _kind(comparer, ours, theirs, step) == kind


def test_nobody_is_free_to_grant_what_somebody_has_no_right_to(comparer: Comparer) -> None:
    blank = burst(send("bob", "  ", "m1", "content=blank"))
    ours, theirs = [seen(blank, SENT)], [seen(blank, {"type": "Error"}, REFUSED)]
    assert _kind(comparer, ours, theirs, blank, bob="reader") == "granted, not refused"


def test_who_lost_the_right_to_join_and_regained_it_may_or_may_not_be_told(comparer: Comparer) -> None:
    steps = (Grant("bob", "lobby", "banned"), Grant("bob", "lobby", "member"), burst(send("ann")))
    quiet = [seen(steps[0]), seen(steps[1])]
    ours = [*quiet, seen(steps[2], SENT, bob=[message()])]
    assert _kind(comparer, ours, [*quiet, seen(steps[2], SENT)], *steps) is None


def test_who_is_banned_must_not_be_told(comparer: Comparer) -> None:
    steps = (Grant("bob", "lobby", "banned"), burst(send("ann")))
    ours = [seen(steps[0]), seen(steps[1], SENT, bob=[message()])]
    assert _kind(comparer, ours, [seen(steps[0]), seen(steps[1], SENT)], *steps) == "NewMessage too many"


def test_a_difference_is_charged_to_the_rule_of_the_frame(comparer: Comparer) -> None:
    ours, theirs = [seen(STEP, SENT)], [seen(STEP, SENT, ann=[message()])]
    found = comparer.compare(conversation(STEP), ran(*ours), ran(*theirs)).difference
    assert found is not None
    assert (found.rule, found.client, found.request) == ("SEND-1", "ann", "SendMessage")
    assert found.other["sender_id"] == "⟨bob⟩"
    assert BOB not in str(found)


def test_a_message_that_only_one_server_tells_anybody_about_has_no_name_on_either(comparer: Comparer) -> None:
    fetch = burst(Ask("ann", "FetchHistory", {"conversation_id": "${lobby}"}, frozenset({"limit=none"})))
    listed = {key: value for key, value in message().items() if key != "type"}
    page = {"type": "HistoryChunk", "conversation_id": LOBBY, "messages": [listed], "has_more": False}
    one, two = ran(seen(fetch, page)), ran(seen(fetch, page))
    two.names[listed["message_id"]] = "m1"
    assert comparer.compare(conversation(fetch), one, two).difference is None


def test_a_server_may_refuse_an_odd_attachment_and_not_change_it(comparer: Comparer) -> None:
    step = burst(send("bob", "hello 1", "m1", "content=plain", "attachments=odd-form", attachments=[{"url": "a"}]))
    told = seen(step, SENT, ann=[message(attachments=[{"url": "https://a.example/A.png"}])])
    changed = seen(step, SENT, ann=[message(attachments=[{"url": "https://a.example/a.png"}])])
    refused = seen(step, {"type": "Error"}, REFUSED)
    assert _kind(comparer, [refused], [told], step) is None
    assert _kind(comparer, [changed], [told], step) == "another NewMessage: attachments[].url"


@pytest.mark.parametrize(
    ("quiet", "ours", "kind"),
    [
        (True, {"amiss": "requests over the limit get no answer"}, "requests over the limit get no answer"),
        (True, {"events": {"ann": (message(),)}}, "NewMessage too many"),
        (False, {"events": {"ann": (message(),)}}, None),
    ],
)
def test_a_server_counts_requests_as_it_likes_and_does_nothing_of_those_it_refuses(
    comparer: Comparer, quiet: bool, ours: dict, kind: str | None
) -> None:
    asked = Ask("bob", "FetchHistory", {"conversation_id": "${lobby}"})
    step = Flood((asked,), 3, "limits.requests_per_window", "timers.rate_window", "RATE-1", (send(),), quiet=quiet)
    other = seen(step, {"type": "Error"}, REFUSED)
    assert _kind(comparer, [replace(other, **ours)], [other], step) == kind
    assert _kind(comparer, [seen(step, SENT, ann=[message()])], [other], step) is None


@pytest.mark.parametrize(
    ("since", "kind"), [("${m1_at}", None), ("1970-01-01T00:00:00Z", "another reply: messages: more")]
)
def test_what_changed_since_a_message_that_raced_is_free(comparer: Comparer, since: str, kind: str | None) -> None:
    race = Race((send(), send("ann", slot="m2")))
    fields = {"conversation_id": "${lobby}", "since": since}
    sync = burst(Ask("ann", "SyncMessages", fields, frozenset({"since=plain"})))

    def side(*messages: dict) -> list:
        chunk = {"type": "SyncChunk", "conversation_id": LOBBY, "messages": list(messages), "has_more": False}
        return [seen(race, SENT), seen(sync, chunk)]

    assert _kind(comparer, side(message()), side(), race, sync) == kind
