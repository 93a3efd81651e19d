"""Endless traffic takes bounded memory, and forgetting breaks nothing."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from conformance.engine.invariants import causes, continued, events, folded, gaps, messages, order
from conformance.engine.invariants.bounded import Bounded
from tests.conformance.engine.invariants.traffic import NOW, Traffic, message

if TYPE_CHECKING:
    from conformance.spec import Spec


def name(number: int) -> str:
    return str(UUID(int=number, version=4))


def test_a_bounded_table_forgets_what_was_set_longest_ago() -> None:
    table: Bounded[str, int] = Bounded(2)
    assert [table.set(key, value) for value, key in enumerate("abac")] == [None, None, None, 1]
    assert (table.get("a"), table.get("b"), len(table), table.forgetful) == (2, None, 2, True)


@pytest.mark.parametrize("complete", [False, True])
def test_ten_times_the_traffic_takes_no_more(spec: Spec, monkeypatch: pytest.MonkeyPatch, complete: bool) -> None:
    for module, bound in (
        (events, "MOST_KEYS"),
        (events, "MOST_ROOMS"),
        (messages, "MOST_MESSAGES"),
        (order, "MOST_ROOMS"),
        (order, "MOST_MESSAGES"),
        (causes, "MOST_CAUSES"),
        (folded, "MOST_MESSAGES"),
        (continued, "MOST_PAGES"),
        (gaps, "MOST_ROOMS"),
        (gaps, "MOST_SENDERS"),
    ):
        monkeypatch.setattr(module, bound, 20)
    traffic = Traffic(spec, complete=complete)
    traffic.opened("alice")
    sizes = []
    for number in range(1, 1001):
        room, one = name(number % 50), name(10_000 + number)
        traffic.sent("alice", "JoinConversation", conversation_id=room)
        traffic.confirmed("alice", "joined_conversation")
        traffic.says("alice", one, "alice", room=room)
        traffic.sent("alice", "SyncMessages", conversation_id=room, since=NOW)
        page = {"conversation_id": room, "messages": [message(one, room=room)], "has_more": False}
        traffic.got("alice", "SyncChunk", **page, next_since=NOW)
        traffic.sent("alice", "FetchHistory", conversation_id=room)
        traffic.got("alice", "HistoryChunk", **page | {"has_more": True}, next_cursor=one)
        if number in (100, 1000):
            gc.collect()
            sizes.append(sum(len(one) for one in gc.get_objects() if isinstance(one, Bounded)))
    assert traffic.rules == []
    assert sizes[1] <= sizes[0] + 20
