"""Traffic of a right server breaks nothing; each wrong breaks the rule that it is about, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.invariants import Observation, evaluate
from conformance.engine.invariants.replies import MOST_PENDING
from tests.conformance.engine.invariants.traffic import (
    ALICE,
    BOB,
    CAROL,
    CELLAR,
    FIRST,
    LOBBY,
    NOW,
    SECOND,
    THIRD,
    Traffic,
    message,
)

if TYPE_CHECKING:
    from conformance.spec import Spec

NOTHING: list[str] = []


@pytest.fixture
def traffic(spec: Spec) -> Traffic:
    return Traffic(spec)


class TestFrames:
    def test_every_example_of_the_protocol_fits(self, spec: Spec) -> None:
        for kind in spec.outgoing.values():
            for example in kind.schema["examples"]:
                traffic = Traffic(spec, complete=False)
                traffic.feed("alice", "received", example)
                assert [one for one in traffic.violations if one.invariant == "frames-fit-their-schemas"] == []

    def test_a_wrong_place_breaks_the_rule_of_that_place(self, traffic: Traffic) -> None:
        traffic.opened("alice").got("alice", "Pong", extra=1)
        traffic.got("alice", "UserPresenceUpdate", user_id="ALICE", status="online")
        assert traffic.rules[-1] == "CONN-11"

    @pytest.mark.parametrize(
        ("frame", "detail"), [(None, "it is a binary frame"), ([], ""), ({"type": "News"}, ""), ({}, "")]
    )
    def test_a_frame_of_no_known_type_breaks_the_rule_of_frames(
        self, traffic: Traffic, frame: Any, detail: str
    ) -> None:
        traffic.opened("alice").feed("alice", "received", frame, detail)
        assert traffic.rules == ["CONN-11"]

    def test_a_wrong_request_is_the_clients_own_mistake(self, traffic: Traffic) -> None:
        traffic.opened("alice").sent("alice", "SendMessage", content=5)
        assert {(one.rule, one.by) for one in traffic.violations} == {(None, "client")}

    def test_history_has_no_tombstones(self, traffic: Traffic) -> None:
        traffic.joined("alice").history("alice", message(FIRST, content="", deleted_at=NOW))
        assert traffic.rules == ["DEL-1"]

    def test_a_token_in_a_frame_is_found_at_any_depth(self, traffic: Traffic) -> None:
        traffic.evaluator.guard("alice", "a-token-that-is-long-enough-to-tell")
        traffic.joined("alice").history("alice", message(FIRST, content="? a-token-that-is-long-enough-to-tell"))
        assert traffic.rules == ["AUTH-5"]

    def test_an_instant_far_from_now_breaks_the_rule_of_its_event(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").sent("alice", "SendMessage", conversation_id=LOBBY, content="hello")
        traffic.message("bob", FIRST, at="2026-02-22T21:49:32+01:00")
        assert traffic.rules == NOTHING
        traffic.message("alice", FIRST, at="2026-02-22T21:49:32Z")
        assert "SEND-12" in traffic.rules

    def test_the_greeting_comes_first(self, traffic: Traffic) -> None:
        traffic.feed("alice", "opened")
        traffic.got("alice", "UserPresenceUpdate", user_id=BOB, status="online")
        assert traffic.rules == ["CONN-1"]

    def test_a_late_greeting_answers_no_request(self, traffic: Traffic) -> None:
        traffic.feed("alice", "opened")
        traffic.got("alice", "UserPresenceUpdate", user_id=BOB, status="online")
        traffic.got("alice", "ActionConfirmed", action="connected", success=True)
        assert traffic.rules == ["CONN-1"]


class TestReplies:
    def test_each_request_gets_its_own_in_order(self, traffic: Traffic) -> None:
        traffic.joined("alice").sent("alice", "Ping")
        traffic.sent("alice", "FetchHistory", conversation_id=LOBBY)
        traffic.got("alice", "Pong")
        traffic.got("alice", "HistoryChunk", conversation_id=LOBBY, messages=[], has_more=False)
        assert traffic.rules == NOTHING
        assert traffic.evaluator.seen["ACK-2"] == 3

    def test_replies_in_another_order_are_found(self, traffic: Traffic) -> None:
        traffic.joined("alice").sent("alice", "Ping")
        traffic.sent("alice", "FetchHistory", conversation_id=LOBBY)
        traffic.got("alice", "HistoryChunk", conversation_id=LOBBY, messages=[], has_more=False)
        assert traffic.said == ["HistoryChunk came before the reply to the earlier request Ping"]
        assert traffic.rules == ["ACK-2"]

    def test_a_second_confirmation_is_found(self, traffic: Traffic) -> None:
        traffic.joined("alice").confirmed("alice", "joined_conversation")
        assert traffic.rules == ["ACK-1"]
        assert traffic.said == ["ActionConfirmed came, but no request waits for a reply"]

    def test_a_confirmation_of_something_else_is_found(self, traffic: Traffic) -> None:
        traffic.joined("alice").sent("alice", "Ping")
        traffic.confirmed("alice", "message_sent")
        assert traffic.rules == ["ACK-1"]

    def test_a_confirmation_after_the_refusal_is_found(self, traffic: Traffic) -> None:
        traffic.joined("alice").sent("alice", "SendMessage", conversation_id=LOBBY, content="")
        traffic.refused("alice")
        traffic.confirmed("alice", "message_sent")
        assert traffic.rules == ["ACK-1"]

    def test_an_error_nobody_asked_for_is_found_when_the_connection_goes_on(self, traffic: Traffic) -> None:
        traffic.joined("alice").refused("alice")
        assert traffic.rules == NOTHING
        traffic.got("alice", "UserPresenceUpdate", user_id=BOB, status="online")
        assert traffic.rules == ["ACK-3"]
        assert traffic.violations[0].index == 4

    def test_a_server_may_say_why_it_closes(self, traffic: Traffic) -> None:
        traffic.joined("alice").refused("alice")
        traffic.closed("alice")
        traffic.joined("alice")
        assert traffic.rules == NOTHING

    def test_what_is_answered_only_if_it_fails_may_be_refused_or_not(self, traffic: Traffic) -> None:
        traffic.joined("alice")
        for _ in range(2):
            traffic.sent("alice", "Typing", conversation_id=LOBBY, is_typing=True)
        traffic.sent("alice", "SendMessage", conversation_id=LOBBY, content="hello")
        traffic.refused("alice")
        traffic.confirmed("alice", "message_sent")
        traffic.sent("alice", "Ping")
        traffic.got("alice", "Pong")
        assert traffic.rules == NOTHING

    @pytest.mark.parametrize("answers", [0, 1])
    def test_a_frame_that_is_no_sound_json_may_be_answered_or_not(self, traffic: Traffic, answers: int) -> None:
        traffic.opened("alice").feed("alice", "sent", None, "it is a binary frame")
        traffic.sent("alice", "Ping")
        for _ in range(answers):
            traffic.refused("alice")
        traffic.got("alice", "Pong")
        assert traffic.rules == NOTHING

    def test_a_connection_seen_from_the_middle_is_not_judged(self, traffic: Traffic) -> None:
        traffic.got("alice", "Pong")
        traffic.message("alice", FIRST)
        assert set(traffic.rules) == {"SEND-1"}  # Nobody has sent it, though every client is said to be seen.

    def test_a_flood_of_requests_is_not_judged_any_more(self, traffic: Traffic) -> None:
        traffic.opened("alice")
        for _ in range(MOST_PENDING + 1):
            traffic.sent("alice", "Ping")
        traffic.confirmed("alice", "message_sent")
        assert traffic.rules == NOTHING


class TestOnce:
    def test_a_message_comes_once_to_each_connection(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob", "bob@phone").says("alice", FIRST, "alice", "bob", "bob@phone")
        assert traffic.rules == NOTHING
        traffic.message("bob", FIRST)
        assert traffic.rules == ["SEND-2"]

    def test_a_deletion_comes_once(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").says("alice", FIRST, "bob")
        traffic.sent("alice", "DeleteMessage", conversation_id=LOBBY, message_id=FIRST)
        for _ in range(2):
            traffic.got(
                "bob", "MessageDeleted", conversation_id=LOBBY, message_id=FIRST, deleted_by=ALICE, deleted_at=NOW
            )
        assert traffic.rules == ["DEL-5"]


class TestAudience:
    def test_who_has_not_joined_gets_nothing(self, traffic: Traffic) -> None:
        traffic.joined("alice").opened("carol").says("alice", FIRST, "carol")
        assert traffic.rules == ["SEND-3"]

    def test_events_may_come_before_the_join_is_confirmed(self, traffic: Traffic) -> None:
        traffic.joined("alice").opened("bob").sent("bob", "JoinConversation", conversation_id=LOBBY)
        traffic.says("alice", FIRST, "bob")
        traffic.confirmed("bob", "joined_conversation")
        assert traffic.rules == NOTHING

    def test_a_refused_join_joins_nothing(self, traffic: Traffic) -> None:
        traffic.joined("alice").opened("carol").sent("carol", "JoinConversation", conversation_id=LOBBY)
        traffic.refused("carol")
        traffic.says("alice", FIRST, "carol")
        assert traffic.rules == ["SEND-3"]

    def test_a_second_join_that_is_refused_takes_nothing_away(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").sent("bob", "JoinConversation", conversation_id=LOBBY)
        traffic.refused("bob")
        traffic.says("alice", FIRST, "bob")
        assert traffic.rules == NOTHING

    def test_nothing_comes_after_leaving_until_the_next_join(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").sent("bob", "LeaveConversation", conversation_id=LOBBY)
        traffic.says("alice", FIRST, "bob")
        traffic.confirmed("bob", "left_conversation")
        assert traffic.rules == NOTHING
        traffic.says("alice", SECOND, "bob")
        assert traffic.rules == ["LEAVE-1"]
        traffic.sent("bob", "JoinConversation", conversation_id=LOBBY)
        traffic.says("alice", THIRD, "bob")
        assert traffic.rules == ["LEAVE-1"]

    def test_a_frame_that_nobody_can_read_may_be_a_join(self, traffic: Traffic) -> None:
        traffic.joined("alice").opened("bob").feed("bob", "sent", None, "a key is in it twice")
        traffic.says("alice", FIRST, "bob")
        assert traffic.rules == NOTHING

    def test_who_types_does_not_hear_of_it(self, traffic: Traffic) -> None:
        traffic.joined("alice", "alice@phone").sent("alice", "Typing", conversation_id=LOBBY, is_typing=True)
        traffic.got("alice@phone", "UserTyping", conversation_id=LOBBY, user_id=ALICE, is_typing=True)
        assert traffic.rules == ["TYPE-1"]


class TestMessages:
    def test_two_connections_get_two_messages_in_one_order(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob", "carol")
        for content in ("one", "two", "three"):
            traffic.sent("alice", "SendMessage", conversation_id=LOBBY, content=content)
        traffic.message("alice", FIRST, content="one")
        traffic.message("alice", THIRD, content="three")
        traffic.message("bob", SECOND, content="two")
        traffic.message("bob", THIRD, content="three")
        assert traffic.rules == NOTHING
        traffic.message("bob", FIRST, content="one")
        assert traffic.rules == ["SEND-4"]

    def test_history_keeps_the_order_and_its_direction(self, traffic: Traffic) -> None:
        traffic.joined("alice")
        for name in (FIRST, SECOND, THIRD):
            traffic.says("alice", name, "alice")
        traffic.history("alice", message(THIRD), message(FIRST))
        assert traffic.rules == NOTHING
        traffic.history("alice", message(SECOND), message(THIRD), message(FIRST))
        traffic.history("alice", message(FIRST), message(SECOND))
        assert traffic.rules == ["SEND-4", "SEND-4"]

    def test_an_id_names_one_message(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").says("alice", FIRST, "alice")
        traffic.sent("bob", "SendMessage", conversation_id=LOBBY, content="mine")
        traffic.message("bob", FIRST, sender=BOB, content="mine")
        assert "SEND-9" in traffic.rules

    def test_history_has_the_sender_and_the_second_of_the_event(self, traffic: Traffic) -> None:
        traffic.joined("alice").says("alice", FIRST, "alice")
        traffic.history("alice", message(FIRST, at="2026-02-22T21:49:32+01:00"))
        assert traffic.rules == NOTHING
        traffic.history("alice", message(FIRST, sender=BOB))
        traffic.history("alice", message(FIRST, at="2026-02-22T20:50:32Z"))
        assert traffic.rules == ["HIST-8", "HIST-8"]

    def test_a_deleted_message_is_gone_from_what_is_fetched_later(self, traffic: Traffic) -> None:
        traffic.joined("alice").says("alice", FIRST, "alice")
        traffic.sent("alice", "DeleteMessage", conversation_id=LOBBY, message_id=FIRST)
        traffic.confirmed("alice", "message_deleted")
        traffic.sent("alice", "FetchHistory", conversation_id=LOBBY)
        traffic.got(
            "alice", "MessageDeleted", conversation_id=LOBBY, message_id=FIRST, deleted_by=ALICE, deleted_at=NOW
        )
        traffic.got("alice", "HistoryChunk", conversation_id=LOBBY, messages=[message(FIRST)], has_more=False)
        assert traffic.rules == NOTHING  # The page was asked for before.
        traffic.history("alice", message(FIRST))
        assert traffic.rules == ["DEL-1", "DEL-3"]

    def test_an_edited_message_says_so_in_what_is_fetched_later(self, traffic: Traffic) -> None:
        traffic.joined("alice").says("alice", FIRST, "alice")
        traffic.sent("alice", "EditMessage", conversation_id=LOBBY, message_id=FIRST, content="new")
        edit = {"conversation_id": LOBBY, "message_id": FIRST, "editor_id": ALICE, "content": "new", "edited_at": NOW}
        traffic.sent("alice", "FetchHistory", conversation_id=LOBBY)
        traffic.got("alice", "MessageEdited", **edit)
        traffic.confirmed("alice", "message_edited")
        traffic.got("alice", "HistoryChunk", conversation_id=LOBBY, messages=[message(FIRST)], has_more=False)
        traffic.history("alice", message(FIRST, content="new", edited_at=NOW))
        assert traffic.rules == NOTHING
        traffic.history("alice", message(FIRST, content="new"))
        assert traffic.rules == ["EDIT-1"]

    @pytest.mark.parametrize(
        "wrong",
        [
            [{"emoji": "x", "user_ids": [ALICE, ALICE]}],
            [{"emoji": "x", "user_ids": [ALICE]}, {"emoji": "x", "user_ids": [BOB]}],
        ],
    )
    def test_a_reaction_counts_once(self, traffic: Traffic, wrong: Any) -> None:
        right = [{"emoji": "x", "user_ids": [ALICE, BOB]}, {"emoji": "y", "user_ids": [ALICE]}]
        traffic.joined("alice").history("alice", message(FIRST) | {"reactions": right})
        assert "REAC-2" not in traffic.rules
        traffic.history("alice", message(FIRST) | {"reactions": wrong})
        assert traffic.rules.count("REAC-2") == 1

    def test_sync_has_a_tombstone_of_a_deleted_message(self, traffic: Traffic) -> None:
        traffic.joined("alice")
        for one in (message(FIRST, content="", deleted_at=NOW), message(SECOND, content="old", deleted_at=NOW)):
            traffic.sent("alice", "SyncMessages", conversation_id=LOBBY, since=NOW)
            traffic.got("alice", "SyncChunk", conversation_id=LOBBY, messages=[one], has_more=False, next_since=NOW)
        assert traffic.rules == ["DEL-3"]


class TestGaps:
    def test_who_gets_two_messages_gets_those_between_them(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob", "carol")
        traffic.says("alice", FIRST, "alice", "bob", "carol")
        traffic.says("alice", SECOND, "alice", "bob")
        assert traffic.rules == NOTHING  # carol may still get it
        traffic.says("alice", THIRD, "alice", "bob", "carol")
        assert traffic.rules == ["SEND-1"]

    def test_it_does_not_matter_who_gets_the_last_one_first(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob", "carol")
        traffic.says("alice", FIRST, "carol", "bob", "alice")
        traffic.says("alice", SECOND, "bob", "alice")
        traffic.says("alice", THIRD, "carol", "bob", "alice")
        assert set(traffic.rules) == {"SEND-1"}

    def test_who_comes_later_leaves_meanwhile_or_wrote_it_is_not_accused(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob")
        traffic.says("alice", FIRST, "alice", "bob")
        traffic.says("bob", SECOND, "alice")  # no echo
        traffic.joined("carol")
        traffic.sent("bob", "LeaveConversation", conversation_id=LOBBY)
        traffic.confirmed("bob", "left_conversation")
        traffic.sent("bob", "JoinConversation", conversation_id=LOBBY)
        traffic.confirmed("bob", "joined_conversation")
        traffic.says("alice", THIRD, "alice", "bob", "carol")
        assert traffic.rules == NOTHING

    def test_where_not_all_clients_are_seen_roles_may_have_changed(self, spec: Spec) -> None:
        traffic = Traffic(spec, complete=False).joined("alice", "bob")
        traffic.says("alice", FIRST, "alice", "bob")
        traffic.says("alice", SECOND, "alice")
        traffic.says("alice", THIRD, "alice", "bob")
        assert traffic.rules == NOTHING


class TestPages:
    def test_a_page_has_a_message_once(self, traffic: Traffic) -> None:
        traffic.joined("alice").history("alice", message(FIRST), message(FIRST))
        assert traffic.rules == ["HIST-2"]

    def test_a_page_does_not_repeat_the_page_that_it_continues(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob")
        more = {"has_more": True, "next_cursor": "older than the second"}
        traffic.history("alice", message(SECOND), **more)
        traffic.says("bob", THIRD, "alice", "bob")  # what comes between two pages moves nothing
        after = {"cursor": more["next_cursor"]}
        traffic.history("bob", message(SECOND), request=after)  # of somebody else: no must rule says what it means
        traffic.history("alice", message(FIRST), request=after)
        traffic.history("alice", message(FIRST), request=after)  # the same page as often as one asks
        assert traffic.rules == NOTHING
        traffic.closed("alice")
        traffic.joined("alice").history("alice", message(SECOND), message(FIRST), request=after)
        assert traffic.rules == ["HIST-2"]

    @pytest.mark.parametrize(
        "wrong", [{"has_more": True}, {"next_cursor": "more"}, {"has_more": True, "next_cursor": None}]
    )
    def test_a_page_says_truly_whether_more_follow(self, traffic: Traffic, wrong: Any) -> None:
        traffic.joined("alice").history("alice", message(FIRST), **wrong)
        assert traffic.rules == ["HIST-3"]

    def test_a_page_is_of_the_conversation_that_was_asked_for(self, traffic: Traffic) -> None:
        traffic.joined("alice").history("alice", message(FIRST, room=CELLAR), conversation_id=CELLAR)
        traffic.history("alice", message(SECOND, room=CELLAR))
        assert traffic.rules == ["HIST-5", "HIST-5", "HIST-5"]

    def test_an_id_in_another_form_names_what_the_server_makes_of_it(self, traffic: Traffic) -> None:
        traffic.opened("alice", "bob").sent("bob", "JoinConversation", conversation_id=f"{{{LOBBY}}}")
        traffic.sent("alice", "SendMessage", conversation_id=LOBBY.replace("-", ""), content="hello")
        traffic.message("bob", FIRST)
        traffic.confirmed("bob", "joined_conversation")
        traffic.message("bob", SECOND)
        traffic.sent("bob", "FetchHistory", conversation_id=LOBBY.replace("-", ""))
        traffic.got("bob", "HistoryChunk", conversation_id=LOBBY, messages=[message(FIRST)], has_more=False)
        assert traffic.rules == NOTHING

    @pytest.mark.parametrize(("limit", "rules"), [(1, ["HIST-1"]), (2.0, NOTHING), (0, NOTHING), ("1", NOTHING)])
    def test_a_page_has_at_most_as_many_as_asked_for(self, traffic: Traffic, limit: Any, rules: list[str]) -> None:
        traffic.joined("alice").history("alice", message(FIRST), message(SECOND), request={"limit": limit})
        assert traffic.rules == rules

    @pytest.mark.parametrize(("request_", "rules"), [({}, ["HIST-4"]), ({"limit": 2}, NOTHING)])
    def test_a_page_keeps_the_profile(self, spec: Spec, request_: Any, rules: list[str]) -> None:
        traffic = Traffic(spec, profile={"limits": {"history_default": 1, "history_max": 2}})
        traffic.joined("alice").history("alice", message(FIRST), message(SECOND), request=request_)
        assert traffic.rules == rules

    @pytest.mark.parametrize(
        ("query", "rules"),
        [("HELL", NOTHING), (" lo", NOTHING), ("help", ["SRCH-10"]), ("h_llo", NOTHING), ("é", NOTHING)],
    )
    def test_what_is_found_contains_the_query(self, traffic: Traffic, query: str, rules: list[str]) -> None:
        traffic.joined("alice").sent("alice", "SearchMessages", conversation_id=LOBBY, query=query)
        page = {"conversation_id": LOBBY, "query": query, "messages": [message(FIRST)], "total": 1}
        traffic.got("alice", "SearchResults", **page)
        assert traffic.rules == rules

    def test_the_total_counts_what_was_skipped(self, traffic: Traffic) -> None:
        traffic.joined("alice").sent("alice", "SearchMessages", conversation_id=LOBBY, query="hello", offset=3)
        page = {"conversation_id": LOBBY, "query": "hello", "messages": [message(FIRST)], "total": 3}
        traffic.got("alice", "SearchResults", **page)
        assert traffic.rules == ["SRCH-4"]


class TestCauses:
    def test_a_message_that_nobody_sent_is_found(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").message("bob", FIRST)
        assert traffic.rules == ["SEND-1"]

    def test_another_content_is_found_but_no_other_way_to_write_it(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").sent("alice", "SendMessage", conversation_id=LOBBY, content=" he\u0301llo\n")
        traffic.message("bob", FIRST, content="h\u00e9llo")
        assert traffic.rules == NOTHING
        traffic.sent("alice", "SendMessage", conversation_id=LOBBY, content="hello")
        traffic.message("bob", SECOND, content="hullo")
        assert traffic.rules == ["SEND-1"]

    def test_one_request_makes_one_message(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").says("alice", FIRST, "alice", "bob")
        assert traffic.rules == NOTHING
        traffic.message("bob", SECOND)
        assert traffic.rules == ["SEND-1"]

    def test_each_connection_gets_an_edit_once(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").says("alice", FIRST, "bob")
        traffic.sent("alice", "EditMessage", conversation_id=LOBBY, message_id=FIRST, content="new")
        edit = {"conversation_id": LOBBY, "message_id": FIRST, "editor_id": ALICE, "content": "new", "edited_at": NOW}
        traffic.got("alice", "MessageEdited", **edit)
        traffic.got("bob", "MessageEdited", **edit)
        assert traffic.rules == NOTHING
        traffic.got("bob", "MessageEdited", **edit)
        assert traffic.rules == ["EDIT-1"]

    def test_a_call_reaches_the_user_whom_it_names(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob", "bob@phone", "carol")
        traffic.sent("alice", "CallOffer", conversation_id=LOBBY, target_user_id=BOB, sdp="v=0\r\n")
        for who in ("bob", "bob@phone"):
            traffic.got(who, "CallOffer", conversation_id=LOBBY, from_user_id=ALICE, sdp="v=0\r\n")
        assert traffic.rules == NOTHING
        traffic.got("carol", "CallOffer", conversation_id=LOBBY, from_user_id=ALICE, sdp="v=0\r\n")
        assert traffic.rules == ["CALL-1"]

    def test_an_answer_may_reach_the_other_devices_of_who_answers(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob", "bob@phone")
        traffic.sent("bob", "CallAnswer", conversation_id=LOBBY, target_user_id=ALICE, sdp="v=0")
        for who in ("alice", "bob@phone"):
            traffic.got(who, "CallAnswer", conversation_id=LOBBY, from_user_id=BOB, sdp="v=0")
        assert traffic.rules == NOTHING

    def test_an_answer_to_oneself_may_come_twice_to_ones_other_devices(self, traffic: Traffic) -> None:
        traffic.joined("bob", "bob@phone")
        traffic.sent("bob", "CallAnswer", conversation_id=LOBBY, target_user_id=BOB, sdp="v=0")
        for who in ("bob", "bob@phone", "bob@phone"):
            traffic.got(who, "CallAnswer", conversation_id=LOBBY, from_user_id=BOB, sdp="v=0")
        assert traffic.rules == NOTHING
        traffic.got("bob@phone", "CallAnswer", conversation_id=LOBBY, from_user_id=BOB, sdp="v=0")
        assert traffic.rules == ["CALL-1"]

    def test_a_frame_that_nobody_can_read_may_have_caused_anything_of_its_user(self, traffic: Traffic) -> None:
        traffic.joined("alice", "bob").feed("alice", "sent", None, "a key is in it twice")
        traffic.message("bob", FIRST)
        assert traffic.rules == NOTHING
        traffic.message("alice", SECOND, sender=CAROL)
        assert traffic.rules == ["SEND-1"]

    def test_where_others_are_not_seen_an_event_needs_no_request(self, spec: Spec) -> None:
        traffic = Traffic(spec, complete=False)
        traffic.joined("bob").message("bob", FIRST)
        traffic.got("bob", "CallOffer", conversation_id=LOBBY, from_user_id=CAROL, sdp="v=0")
        assert traffic.rules == NOTHING
        assert "CALL-1" in traffic.evaluator.seen  # By its schema.


def test_a_whole_sequence_is_judged_at_once_and_says_what_was_seen(spec: Spec) -> None:
    ping = Observation(0.0, "alice", "1", ALICE, "sent", {"type": "Ping"})
    greeting = {"type": "ActionConfirmed", "action": "connected", "success": True}
    found = evaluate(
        [
            Observation(0.0, "alice", "1", ALICE, "opened"),
            Observation(0.0, "alice", "1", ALICE, "received", greeting),
            ping,
            Observation(0.1, "alice", "1", ALICE, "received", {"type": "Pong"}),
            Observation(0.2, "alice", "1", ALICE, "received", {"type": "Pong"}),
        ],
        spec,
    )
    assert [(one.rule, one.index, one.client) for one in found.violations] == [("PING-1", 4, "alice")]
    assert found.seen["CONN-1"] == 1


RECEIPT = {"conversation_id": LOBBY, "message_id": FIRST}


class TestDeliveries:
    def told(self, traffic: Traffic, request: str) -> list[str]:
        traffic.joined("alice", "bob").sent("bob", request, **RECEIPT)
        traffic.got("alice", "MessageDelivered", **RECEIPT, user_id=BOB, delivered_at=NOW)
        return traffic.rules

    @pytest.mark.parametrize("request_type", ["Delivered", "MarkAsRead"])
    def test_may_be_told_of_who_has_got_or_read_the_message(self, traffic: Traffic, request_type: str) -> None:
        assert self.told(traffic, request_type) == NOTHING

    def test_are_not_told_of_who_has_only_joined(self, traffic: Traffic) -> None:
        assert self.told(traffic, "JoinConversation") == ["DLVR-1"]
