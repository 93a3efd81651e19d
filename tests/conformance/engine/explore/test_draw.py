from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import conformance.engine.explore.draw as draw_of_all
from conformance.engine.explore.conversation import (
    Arrive,
    Backlog,
    Burst,
    Depart,
    Flood,
    Grant,
    Pause,
    Race,
    Walk,
    asks_of,
    names_in,
)
from conformance.engine.explore.draw import conversations
from conformance.engine.explore.limits import Limits

if TYPE_CHECKING:
    import pytest

    from conformance.engine.explore.drawing import Drawing
    from conformance.spec import Spec
    from conformance.target import Target

QUICKLY = settings(
    max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@QUICKLY
@given(data=st.data())
def test_a_request_fits_its_schema_unless_it_says_otherwise(
    whole_spec: Spec, drawing: Drawing, data: st.DataObject
) -> None:
    conversation = data.draw(conversations(drawing))
    for ask in conversation.asks:
        ids = {name for name in names_in(ask.fields) if "." not in name}
        frame = {"type": ask.type, **_with_ids(ask.fields)}
        assert bool(whole_spec.incoming[ask.type].violations(frame)) == ask.invalid or _is_malformed(ask), (ask, ids)


def _with_ids(fields: dict) -> dict:
    """Put an id, an instant or a text where a name stands."""
    found = {}
    for name, value in fields.items():
        if isinstance(value, dict) and "$fill" in value:
            found[name] = "x"
        elif isinstance(value, str) and value.startswith("${"):
            found[name] = "2026-11-29T17:00:00Z" if name == "since" else "00000000-0000-4000-8000-000000000001"
        else:
            found[name] = value
    return found


def _is_malformed(ask) -> bool:
    return "since=malformed" in ask.labels or "cursor=malformed" in ask.labels


@QUICKLY
@given(data=st.data())
def test_only_who_is_connected_acts_and_the_witness_stays(drawing: Drawing, data: st.DataObject) -> None:
    conversation = data.draw(conversations(drawing))
    connected = set(conversation.connections)
    for step in conversation.steps:
        assert {ask.by for ask in asks_of(step)} <= connected
        if isinstance(step, Arrive):
            connected.add(step.who)
        if isinstance(step, Depart):
            assert step.who != conversation.witness
            connected.discard(step.who)
    assert conversation.witness in connected


@QUICKLY
@given(data=st.data())
def test_no_conversation_has_many_more_steps_than_asked_for(drawing: Drawing, data: st.DataObject) -> None:
    conversation = data.draw(conversations(drawing))
    final = len(drawing.knowledge.final) * len(conversation.rooms)
    assert 1 <= len(conversation.steps) <= drawing.steps + 8 + final


def test_each_conversation_is_another_one_and_some_end_in_small_pages(drawing: Drawing) -> None:
    drawn = []

    @settings(QUICKLY, max_examples=30)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        drawn.append(conversation)

    draw()
    assert len({repr(one) for one in drawn}) == len(drawn)
    last = [one.steps[-1] for one in drawn if not isinstance(one.steps[-1], Backlog)]
    assert {type(step) for step in last} == {Burst, Walk}
    assert all(step.ask.fields["limit"] in (1, 2, 3) for step in last if isinstance(step, Walk))


def test_connections_close_right_after_requests_read_late_and_pause(drawing: Drawing, target: Target) -> None:
    hurried, late, pauses = [], [], set()
    timers = {**target.profile["timers"], "rate_window": 2.0}
    quick = replace(target, profile={**target.profile, "timers": timers})

    @settings(QUICKLY, max_examples=150)
    @given(conversations(replace(drawing, limits=Limits((quick, quick)))))
    def draw(conversation) -> None:
        for step in conversation.steps:
            if isinstance(step, Depart):
                hurried.extend(step.last)
            if isinstance(step, Backlog):
                late.append(step)
            if isinstance(step, Pause):
                pauses.add(step.timer)

    draw()
    assert {(ask.type, ask.by.partition("@")[2]) for ask in hurried} == {("SendMessage", "hurry")}
    assert all("parent_message_id" not in ask.fields for ask in hurried)  # nothing that a server may refuse
    assert late
    assert all(step.who not in {ask.by for ask in step.asks} for step in late)
    assert all(len(step.asks) > 50 and {one.type for one in step.asks}.isdisjoint({"Typing"}) for step in late)
    assert pauses == {"timers.typing_expiry"}


def test_a_rate_limit_is_exceeded_by_one_connection_by_several_or_by_new_ones(
    drawing: Drawing, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw_of_all, "FLOODS", 100)
    timers = {**target.profile["timers"], "rate_window": 2.0}
    low = {"requests_per_window": 100, "messages_per_window": 60}
    profile = {**target.profile, "timers": timers, "limits": {**target.profile["limits"], **low}}
    quick = replace(target, profile=profile)
    floods = []

    @settings(QUICKLY, max_examples=40)
    @given(conversations(replace(drawing, steps=4, limits=Limits((quick, quick)))))
    def draw(conversation) -> None:
        floods.extend(step for step in conversation.steps if isinstance(step, Flood))

    draw()
    assert all(len(step.waves) * step.times > 3 * quick.look_up(step.limit) for step in floods)
    ways = {("anew" if step.anew else len({ask.by for ask in step.waves}), step.quiet) for step in floods}
    assert ways == {(way, quiet) for way in ("anew", 1, 3) for quiet in (True, False)}


def test_nobody_reads_late_or_floods_where_a_window_is_long(drawing: Drawing) -> None:
    assert drawing.limits.most("timers.rate_window") == 60

    @settings(QUICKLY, max_examples=60)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        assert not any(isinstance(step, Backlog | Flood) for step in conversation.steps)

    draw()


def test_a_reading_is_repeated_after_a_change_also_by_somebody_else(drawing: Drawing) -> None:
    again: set[bool] = set()
    views = {kind for kind, use in drawing.knowledge.requests.items() if use.view is not None}

    @settings(QUICKLY, max_examples=30)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        before: dict[str, str] = {}
        for ask in conversation.asks:
            if ask.type in views and ask.labels != {"limit=none"}:
                key = repr((ask.type, sorted(ask.fields.items(), key=repr)))
                if key in before:
                    again.add(before[key] == ask.by)
                before[key] = ask.by

    draw()
    assert again == {True, False}


def test_a_change_is_read_before_and_after_it_by_the_same_request(drawing: Drawing) -> None:
    changed: set[str] = set()
    uses = drawing.knowledge.requests

    @settings(QUICKLY, max_examples=40)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        single = [
            step.asks[0] if isinstance(step, Burst) and len(step.asks) == 1 else None for step in conversation.steps
        ]
        for before, change, after in zip(single, single[1:], single[2:], strict=False):
            if before and change and after and uses[before.type].view and uses[change.type].view is None:
                same = (before.by, before.type, before.fields) == (after.by, after.type, after.fields)
                changed.update({change.type} if same else ())

    draw()
    assert {"SendMessage", "EditMessage", "DeleteMessage", "AddReaction", "RemoveReaction"} <= changed


def test_who_loses_the_right_to_hear_is_talked_about(drawing: Drawing) -> None:
    heard: set[str] = set()

    @settings(QUICKLY, max_examples=60)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        for step, following in zip(conversation.steps, conversation.steps[1:], strict=False):
            if isinstance(step, Grant) and step.role == "banned" and isinstance(following, Burst):
                heard.update(ask.type for ask in following.asks if ask.by == conversation.witness)

    draw()
    assert {"SendMessage", "Typing", "AddReaction", "MarkAsRead"} & heard


def test_every_request_type_is_drawn(drawing: Drawing) -> None:
    drawn: set[str] = set()

    @settings(QUICKLY, max_examples=60)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        drawn.update(ask.type for ask in conversation.asks)

    draw()
    assert drawn == set(drawing.known)


def test_texts_come_again_and_users_have_many_devices_odd_handshakes_and_send_at_the_same_time(
    drawing: Drawing,
) -> None:
    seen: set[str] = set()

    @settings(QUICKLY, max_examples=120)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        texts = [
            repr(ask.fields["content"]) for ask in conversation.asks if "content" in ask.fields and not ask.invalid
        ]
        seen.update({"equal texts"} if len({*texts}) < len(texts) else ())
        of_one = Counter(name.partition("@")[0] for name in conversation.connections)
        seen.update({"four devices"} if max(of_one.values()) == 4 else ())
        for step, following in pairwise(conversation.steps):
            if isinstance(step, Race):
                seen.update({"writers at once"} if len({ask.by for ask in step.asks}) > 1 else ())
            if isinstance(step, Arrive) and step.handshake.get("compression") and isinstance(following, Burst):
                seen.update({"compressed"} if following.asks[0].by == step.who else ())

    draw()
    assert seen == {"equal texts", "four devices", "writers at once", "compressed"}


def test_requests_follow_what_was_there_before_them(drawing: Drawing) -> None:
    counted: Counter[str] = Counter()

    @settings(QUICKLY, max_examples=40)
    @given(conversations(drawing))
    def draw(conversation) -> None:
        first = {ask.slot for ask in asks_of(conversation.steps[0])}
        offers: set[frozenset] = set()
        for step, following in pairwise(conversation.steps):
            if isinstance(step, Arrive) and not step.handshake and step.who.partition("@")[2] != "hurry":
                joins = isinstance(following, Burst) and following.asks[0].type == "JoinConversation"
                counted["joins at once" if joins and following.asks[0].by == step.who else "goes on"] += 1
            for ask in asks_of(following):
                pair = frozenset((ask.user, ask.named("target_user_id")))
                if ask.type == "CallOffer":
                    offers.add(pair)
                if ask.type == "CallAnswer":
                    counted["offered" if pair in offers else "not offered"] += 1
                if ask.type in ("AddReaction", "EditMessage", "DeleteMessage"):
                    counted["first messages" if ask.named("message_id") in first else "others"] += 1
        counted["crowds"] += len(conversation.users) > 8

    draw()
    assert counted["first messages"] > counted["others"] / 3
    assert counted["offered"] > counted["not offered"] / 2
    assert counted["joins at once"]
    assert counted["crowds"]
