from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.explore.normal import SOMETHING, items, oldest_first, without_order

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec
    from conformance.target import Target

ORDERS = {"newest_first": [["m4", "m3"], ["m2", "m1"]], "oldest_first": [["m3", "m4"], ["m1", "m2"]]}
"""Two pages of history; a cursor always leads to older messages."""


def ordered(target: Target, order: str) -> Target:
    return replace(target, profile={**target.profile, "options": {**target.profile["options"], "history_order": order}})


def chunk(*names: str) -> dict[str, Any]:
    return {"type": "HistoryChunk", "messages": [{"message_id": one} for one in names]}


@pytest.mark.parametrize("order", ORDERS)
def test_pages_are_joined_oldest_first(knowledge: Knowledge, whole_spec: Spec, target: Target, order: str) -> None:
    view = knowledge.requests["FetchHistory"].view
    assert view is not None
    found = items([chunk(*page) for page in ORDERS[order]], view, ordered(target, order), whole_spec)
    assert [one["message_id"] for one in found] == ["m1", "m2", "m3", "m4"]


@pytest.mark.parametrize("order", ORDERS)
def test_one_page_is_shown_oldest_first(knowledge: Knowledge, whole_spec: Spec, target: Target, order: str) -> None:
    page = chunk(*ORDERS[order][0])
    assert oldest_first(page, knowledge, ordered(target, order), whole_spec) == chunk("m3", "m4")


def test_frames_of_other_types_stay(knowledge: Knowledge, whole_spec: Spec, target: Target) -> None:
    found = {"type": "SearchResults", "messages": [{"message_id": "m2"}, {"message_id": "m1"}]}
    assert oldest_first(found, knowledge, ordered(target, "newest_first"), whole_spec) is found


def test_a_page_is_shown_without_the_order_that_requests_at_once_decide(knowledge: Knowledge, whole_spec: Spec) -> None:
    one, two = (without_order(chunk(*names), knowledge, whole_spec) for names in (("m1", "m2"), ("m2", "m1")))
    assert one == two
    cut = without_order({**chunk("m1"), "has_more": True}, knowledge, whole_spec)
    assert cut["messages"] == SOMETHING
    assert without_order({"type": "Pong"}, knowledge, whole_spec) == {"type": "Pong"}
