"""What pages show equals what events have told: on a right server always, whatever overtakes what."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.engine.invariants.changes import MOST_CHANGES, Changes
from tests.conformance.engine.invariants.traffic import ALICE, BOB, FIRST, LOBBY, USERS, Traffic, message

if TYPE_CHECKING:
    from conformance.spec import Spec

FOLDED = {"texts-are-as-told", "reactions-are-as-told"}
THERE = ("alice", "bob")


def broken(traffic: Traffic) -> list[str]:
    return [f"{one.rule} {one.invariant}" for one in traffic.violations if one.invariant in FOLDED]


@pytest.fixture
def traffic(spec: Spec) -> Traffic:
    """Alice and Bob have joined, and both got the first message."""
    traffic = Traffic(spec).joined(*THERE)
    traffic.says("alice", FIRST, *THERE, content="one")
    return traffic


def edits(traffic: Traffic, content: str, *to: str) -> None:
    traffic.sent("alice", "EditMessage", conversation_id=LOBBY, message_id=FIRST, content=content)
    for one in to:
        traffic.got(one, "MessageEdited", **edited(content))
    traffic.confirmed("alice", "message_edited")


def edited(content: str) -> dict[str, Any]:
    now = "2026-02-22T20:50:00Z"
    return {
        "conversation_id": LOBBY,
        "message_id": FIRST,
        "editor_id": ALICE,
        "content": content,
        "edited_at": now,
    }


def reacts(traffic: Traffic, who: str, *to: str, adds: bool = True, told: bool = True) -> None:
    named = {"conversation_id": LOBBY, "message_id": FIRST, "emoji": "👍"}
    traffic.sent(who, "AddReaction" if adds else "RemoveReaction", **named)
    for one in to if told else ():
        traffic.got(one, "ReactionAdded" if adds else "ReactionRemoved", user_id=USERS[who], **named)
    traffic.confirmed(who, "reaction_added" if adds else "reaction_removed")


def shows(traffic: Traffic, content: str = "one", *users: str, who: str = "bob", **more: Any) -> list[str]:
    reactions = [{"emoji": "👍", "user_ids": list(users)}] if users else []
    traffic.history(who, message(FIRST, content=content, reactions=reactions, **more))
    return broken(traffic)


class TestTexts:
    def test_history_has_the_text_of_the_live_event(self, traffic: Traffic) -> None:
        assert shows(traffic) == []
        assert shows(traffic, "two") == ["HIST-8 texts-are-as-told"]

    def test_an_edit_that_is_told_and_not_stored_is_found(self, traffic: Traffic) -> None:
        edits(traffic, "two", *THERE)
        assert shows(traffic, "one", edited_at="2026-02-22T20:50:00Z") == ["EDIT-1 texts-are-as-told"]

    def test_an_edit_that_is_told_and_stored_is_right(self, traffic: Traffic) -> None:
        edits(traffic, "two", *THERE)
        edits(traffic, "one", *THERE)
        assert shows(traffic, "one", edited_at="2026-02-22T20:50:00Z") == []

    def test_an_edit_whose_event_is_late_may_be_in_history_or_not(self, traffic: Traffic) -> None:
        edits(traffic, "two")
        assert shows(traffic, "two") == []
        assert shows(traffic, "one") == []
        assert shows(traffic, "three") == ["HIST-8 texts-are-as-told"]

    def test_a_refused_edit_changes_nothing(self, traffic: Traffic) -> None:
        traffic.sent("bob", "EditMessage", conversation_id=LOBBY, message_id=FIRST, content="two")
        assert shows(traffic, "two", who="alice") == []
        traffic.refused("bob")
        assert shows(traffic, "two", who="alice") == ["HIST-8 texts-are-as-told"]

    def test_of_two_edits_at_once_either_may_be_the_last(self, traffic: Traffic) -> None:
        for content in ("two", "three"):
            traffic.sent("alice", "EditMessage", conversation_id=LOBBY, message_id=FIRST, content=content)
        for content in ("three", "two"):
            traffic.got("bob", "MessageEdited", **edited(content))
        assert shows(traffic, "two", edited_at="2026-02-22T20:50:00Z") == []
        assert shows(traffic, "three", edited_at="2026-02-22T20:50:00Z") == []
        assert shows(traffic, "one", edited_at="2026-02-22T20:50:00Z") == ["EDIT-1 texts-are-as-told"]

    def test_white_space_and_case_are_other_rules_matters(self, traffic: Traffic) -> None:
        assert shows(traffic, " ONE ") == []

    def test_a_message_that_somebody_deletes_is_not_judged(self, traffic: Traffic) -> None:
        traffic.sent("alice", "DeleteMessage", conversation_id=LOBBY, message_id=FIRST)
        assert shows(traffic, "") == []
        traffic.refused("alice")
        assert shows(traffic, "") == ["HIST-8 texts-are-as-told"]

    def test_a_wrong_request_may_change_anything_until_it_is_refused(self, traffic: Traffic) -> None:
        traffic.sent("alice", "EditMessage", conversation_id=LOBBY, message_id=FIRST, content=5)
        assert shows(traffic, "5") == []
        traffic.refused("alice")
        assert shows(traffic, "5") == ["HIST-8 texts-are-as-told"]

    def test_after_what_is_no_json_nothing_is_judged(self, traffic: Traffic) -> None:
        traffic.feed("alice", "sent", None, "it is not JSON")
        assert shows(traffic, "two") == []

    def test_nothing_is_judged_where_not_every_client_is_seen(self, spec: Spec) -> None:
        traffic = Traffic(spec, complete=False).joined(*THERE)
        traffic.message("bob", FIRST, content="one")
        assert shows(traffic, "two") == []


class TestReactions:
    def test_a_reaction_that_is_told_and_not_stored_is_found(self, traffic: Traffic) -> None:
        reacts(traffic, "bob", *THERE)
        assert shows(traffic, "one", BOB) == []
        assert shows(traffic) == ["REAC-1 reactions-are-as-told"]

    def test_a_reaction_of_somebody_who_asked_for_none_is_found(self, traffic: Traffic) -> None:
        reacts(traffic, "bob", *THERE)
        assert shows(traffic, "one", ALICE, BOB) == ["REAC-1 reactions-are-as-told"]

    def test_a_removal_that_is_told_and_not_stored_is_found(self, traffic: Traffic) -> None:
        reacts(traffic, "bob", *THERE)
        reacts(traffic, "bob", *THERE, adds=False)
        assert shows(traffic) == []
        assert shows(traffic, "one", BOB) == ["REAC-1 reactions-are-as-told"]

    def test_a_reaction_whose_event_is_late_may_be_in_history_or_not(self, traffic: Traffic) -> None:
        reacts(traffic, "bob", told=False)
        assert shows(traffic, "one", BOB) == []
        assert shows(traffic) == []


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.just("alice"), st.sampled_from(["one", "two", "three"])),
        st.tuples(st.just("react"), st.sampled_from(THERE), st.booleans()),
        st.tuples(st.just("fetch"), st.sampled_from(THERE), st.none()),
        st.tuples(st.just("handle"), st.sampled_from(THERE), st.none()),
        st.tuples(st.just("event"), st.sampled_from(THERE), st.none()),
        st.tuples(st.just("reply"), st.sampled_from(THERE), st.none()),
    ),
    max_size=40,
)


class Right:
    """A right server whose events come late, in the order of each connection; so do its replies, in theirs."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.text = "one"
        self.members: set[str] = set()
        self.waiting: dict[str, deque[tuple[str, Any]]] = defaultdict(deque)
        self.events: dict[str, deque[tuple[str, dict[str, Any]]]] = defaultdict(deque)
        self.replies: dict[str, deque[tuple[str, dict[str, Any]]]] = defaultdict(deque)

    def do(self, what: str, who: str, value: Any) -> None:
        named = {"conversation_id": LOBBY, "message_id": FIRST}
        if what == "edit":
            self.traffic.sent(who, "EditMessage", **named, content=value)
        elif what == "react":
            self.traffic.sent(who, "AddReaction" if value else "RemoveReaction", **named, emoji="👍")
        elif what == "fetch":
            self.traffic.sent(who, "FetchHistory", conversation_id=LOBBY)
        if what in ("edit", "react", "fetch"):
            self.waiting[who].append((what, value))
        elif what == "handle" and self.waiting[who]:
            self._handle(who, *self.waiting[who].popleft())
        elif what in ("event", "reply") and (
            queue := getattr(self, {"event": "events", "reply": "replies"}[what])[who]
        ):
            kind, fields = queue.popleft()
            self.traffic.got(who, kind, **fields)

    def _handle(self, who: str, what: str, value: Any) -> None:
        if what == "fetch":
            users = [{"emoji": "👍", "user_ids": sorted(self.members)}] if self.members else []
            page = [message(FIRST, content=self.text, reactions=users)]
            self.replies[who].append(("HistoryChunk", {"conversation_id": LOBBY, "messages": page, "has_more": False}))
            return
        if what == "edit":
            self.text = value
            self._tell("MessageEdited", edited(value))
        elif (USERS[who] in self.members) != value:
            self.members ^= {USERS[who]}
            named = {"conversation_id": LOBBY, "message_id": FIRST, "emoji": "👍", "user_id": USERS[who]}
            self._tell("ReactionAdded" if value else "ReactionRemoved", named)
        action = "message_edited" if what == "edit" else "reaction_added" if value else "reaction_removed"
        self.replies[who].append(("ActionConfirmed", {"action": action, "success": True}))

    def _tell(self, kind: str, fields: dict[str, Any]) -> None:
        for one in THERE:
            self.events[one].append((kind, fields))


@settings(max_examples=60, deadline=None)
@given(OPERATIONS)
def test_a_right_server_breaks_nothing_however_late_its_events_are(spec: Spec, operations: list[Any]) -> None:
    traffic = Traffic(spec).joined(*THERE)
    traffic.says("alice", FIRST, *THERE, content="one")
    server = Right(traffic)
    for one in operations:
        server.do(*one)
    for who in THERE:
        for what in ("handle", "event", "reply"):
            for _ in operations:
                server.do(what, who, None)
    assert broken(traffic) == []


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.booleans()), min_size=1, max_size=20))
def test_a_value_that_was_told_last_is_possible_and_the_only_one_where_nothing_overlaps(steps: list[Any]) -> None:
    changes: Changes[str] = Changes()
    at, value = 1, ""
    for name, granted in steps:
        changes.ask(name, at)
        if granted:
            changes.tell(name, at + 1)
            value = name
        else:
            changes.refuse(at)
        at += 2
    assert changes.possible(at) == ({value} if value else set())


def test_a_value_that_changes_too_often_is_not_judged_any_more() -> None:
    changes: Changes[int] = Changes()
    for number in range(MOST_CHANGES + 1):
        changes.tell(number, number)
    assert not changes.known(1000)
    assert len(changes.told) <= MOST_CHANGES
