"""What an invariant names exists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.lint.invariants import invariants_name_what_exists
from tests.conformance.lint.words import said

if TYPE_CHECKING:
    from conformance.spec import Spec


def changed(spec: Spec, name: str, **facts: Any) -> Spec:
    invariants = [replace(one, facts={**one.facts, **facts}) if one.id == name else one for one in spec.invariants]
    return replace(spec, invariants=tuple(invariants))


def test_the_invariants_of_the_spec_name_what_exists(spec: Spec) -> None:
    assert said(invariants_name_what_exists(spec)) == []


def test_a_rule_must_exist(spec: Spec) -> None:
    broken = replace(spec, invariants=(replace(spec.invariants[0], rule="CONN-99"),))
    (found,) = invariants_name_what_exists(broken)
    assert (found.message, found.line) == ("there is no rule 'CONN-99'", spec.invariants[0].line)


@pytest.mark.parametrize(
    ("name", "facts", "message"),
    [
        ("messages-arrive-once", {"frame": "News"}, "there is no message type (outgoing) 'News'"),
        ("messages-arrive-once", {"key": ["number"]}, "NewMessage has no field 'number'"),
        ("instants-are-now", {"frames": {"Pong": {"field": "at", "rule": "SEND-12"}}}, "Pong has no field 'at'"),
        ("events-reach-joined-connections-only", {"join": "Enter"}, "there is no message type (incoming) 'Enter'"),
        ("events-reach-joined-connections-only", {"rules": {"Pong": "SEND-3"}}, "Pong has no field 'conversation_id'"),
        ("deleted-messages-stay-deleted", {"mark": "gone"}, "a message in SyncChunk has no field 'gone'"),
        ("texts-are-as-told", {"deletes": "Drop"}, "there is no message type (incoming) 'Drop'"),
        (
            "texts-are-as-told",
            {"changes": [{"frame": "News", "request": "EditMessage"}]},
            "there is no message type (outgoing) 'News'",
        ),
        ("reactions-are-as-told", {"user": "who"}, "ReactionAdded has no field 'who'"),
        ("offers-were-made", {"target": "to"}, "CallOffer has no field 'to'"),
        (
            "history-pages-are-sound",
            {"more": {"flag": "more", "next": "next_cursor", "rule": "HIST-3"}},
            "HistoryChunk has no field 'more'",
        ),
    ],
)
def test_types_and_fields_must_exist(spec: Spec, name: str, facts: dict[str, Any], message: str) -> None:
    assert message in said(invariants_name_what_exists(changed(spec, name, **facts)))
