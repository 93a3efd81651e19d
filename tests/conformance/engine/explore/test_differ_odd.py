from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from conformance.engine.explore.conversation import Knock, Race, RawMessage
from conformance.engine.explore.conversation_run import REFUSED, Seen
from conformance.wire.events import Closed
from tests.conformance.engine.explore.stories import burst, conversation, ran, seen, send

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Step
    from conformance.engine.explore.differ import Comparer
    from conformance.engine.explore.difference import Difference

ERROR = {"type": "Error", "message": "no"}
INTERNAL = {**ERROR, "code": "internal"}
CUT, CLOSED = Closed(None), Closed(1007)


def raw(label: str, rule: str = "CONN-2") -> RawMessage:
    return RawMessage("bob@raw", label, rule, {"text": "hello"})


def got(step: Step, *frames: Any, ended: Closed | None = None, amiss: str = "") -> Seen:
    who = step.who if isinstance(step, RawMessage | Knock) else ""
    return Seen(step, (), {who: frames} if frames else {}, {who: ended} if ended else {}, (), amiss=amiss)


def differ(comparer: Comparer, one: Seen, two: Seen) -> Difference | None:
    return comparer.compare(conversation(one.step), ran(one), ran(two)).difference


def test_a_raw_message_that_only_one_server_answers_breaks_its_rule(comparer: Comparer) -> None:
    step = raw("not-json")
    found = differ(comparer, got(step), got(step, ERROR))
    assert found is not None
    assert (found.request, found.kind, found.rule) == ("a raw message (not-json)", "no Error", "CONN-2")


def test_a_server_may_take_what_is_odd_but_not_end_the_connection(comparer: Comparer) -> None:
    step = raw("deep", "CONN-10")
    chunk = {"type": "HistoryChunk", "messages": []}
    assert differ(comparer, got(step, chunk), got(step, ERROR)) is None
    found = differ(comparer, got(step, ended=CUT), got(step, ERROR))
    assert found is not None
    assert (found.kind, found.rule) == ("its connection ends", "CONN-10")


def test_both_may_end_the_connection_but_with_the_same_code(comparer: Comparer) -> None:
    step = raw("utf8", "CONN-7")
    assert differ(comparer, got(step, ended=CLOSED), got(step, ended=CLOSED)) is None
    late = Closed(1007, idle=2.0)  # Only the description of a close says how long nothing was sent before it.
    assert differ(comparer, got(step, ended=late), got(step, ended=CLOSED)) is None
    found = differ(comparer, got(step, ended=CUT), got(step, ended=CLOSED))
    assert found is not None
    assert found.rule == "CONN-7"
    large = raw("over-the-limit", "CONN-6")
    assert differ(comparer, got(large, ended=CUT), got(large, ERROR)) is None


@pytest.mark.parametrize(("ours", "theirs", "found"), [(INTERNAL, ERROR, True), (ERROR, INTERNAL, False)])
def test_no_mistake_of_a_client_is_internal(comparer: Comparer, ours: Any, theirs: Any, *, found: bool) -> None:
    step = raw("not-json")
    assert (differ(comparer, got(step, ours), got(step, theirs)) is not None) == found
    free = burst(replace(send(), labels=frozenset({"content=blank"})))
    pair = [seen(free, frame, REFUSED) for frame in (ours, theirs)]
    difference = differ(comparer, *pair)
    assert (difference is not None) == found
    assert difference is None or difference.rule == "CONN-15"


def test_a_websocket_ping_is_answered(comparer: Comparer) -> None:
    step = RawMessage("bob@raw", "ping", "PING-2", {"ws_ping": "hello"})
    found = differ(comparer, got(step, amiss="got no WebSocket pong"), got(step))
    assert found is not None
    assert (found.request, found.rule) == ("a raw message (ping)", "PING-2")
    assert differ(comparer, got(step), got(step, amiss="got no WebSocket pong")) is None


def test_a_wrong_token_is_refused(comparer: Comparer) -> None:
    step = Knock("bob@knock", "expired", "AUTH-1", {"claims": {"exp": 0}})
    let_in = got(step, amiss="should be refused, and was let in")
    found = differ(comparer, let_in, got(step))
    assert found is not None
    assert (found.request, found.rule) == ("a token (expired)", "AUTH-1")
    assert differ(comparer, got(step), let_in) is None


def test_the_order_of_two_writers_shows_in_the_reply_to_a_raw_message_and_is_free(comparer: Comparer) -> None:
    race = Race(tuple(send(one) for one in ("ann", "bob")))
    step = raw("other-forms", "CONN-20")
    ann, bob = ({"message_id": str(UUID(int=number)), "content": "hello"} for number in (1, 2))

    def chunk(*messages: Any) -> Seen:
        return got(step, {"type": "HistoryChunk", "messages": list(messages), "has_more": False})

    def differ_after_race(*sides: Seen) -> Difference | None:
        one, two = (ran(seen(race), side) for side in sides)
        return comparer.compare(conversation(race, step), one, two).difference

    assert differ_after_race(chunk(ann, {**bob, "content": "hi"}), chunk({**bob, "content": "hi"}, ann)) is None
    found = differ_after_race(chunk(ann), chunk(ann, bob))
    assert found is not None
    assert found.rule == "CONN-20"
    assert differ(comparer, chunk(ann, {**bob, "content": "hi"}), chunk({**bob, "content": "hi"}, ann)) is not None
