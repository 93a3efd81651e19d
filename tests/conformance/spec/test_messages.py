"""What is wrong with a frame names the field, and each field names the rules that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.spec import Spec

PAGE = {
    "type": "HistoryChunk",
    "conversation_id": "d2ab2ad6-7a5e-4a19-8a43-4d4ee6db0ea2",
    "messages": [],
    "has_more": False,
}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, set()),
        ({"has_more": 0}, {("has_more",)}),
        ({"has_more": 0, "messages": None}, {("has_more",), ("messages",)}),
        ({"messages": [1]}, {("messages", "[]")}),
    ],
)
def test_a_violation_names_the_field(spec: Spec, changes: dict[str, object], fields: set[tuple[str, ...]]) -> None:
    assert {one.field for one in spec.outgoing["HistoryChunk"].violations(PAGE | changes)} == fields


def test_a_missing_field_is_named_likewise(spec: Spec) -> None:
    page = {key: value for key, value in PAGE.items() if key != "has_more"} | {"messages": [{"content": "hi"}]}
    found = {one.field for one in spec.outgoing["HistoryChunk"].violations(page)}
    assert {("has_more",), ("messages", "[]", "message_id")} <= found


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        (("messages", "[]", "attachments"), {"ATT-1", "CONN-11"}),
        (("messages", "[]", "reactions"), {"REAC-1", "CONN-11"}),
        (("messages", "[]", "sender_id"), {"CONN-11"}),
        (("messages",), {"HIST-1", "CONN-11"}),
        (("has_more",), set()),
        (("pictures",), set()),
    ],
)
def test_a_field_belongs_to_its_rules_and_those_of_its_items(
    spec: Spec, path: tuple[str, ...], rules: set[str]
) -> None:
    assert spec.outgoing["HistoryChunk"].rules_of(path) == rules
