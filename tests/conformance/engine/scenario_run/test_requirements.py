"""What a scenario wants before it begins: its people, its rooms, and whether anybody may have written there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.scenario_run.requirements import requirements_of
from conformance.target.accounts import Room

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

ASK = '{send: FetchHistory, by: alice, with: {conversation_id: "${lobby}"}}'
SAY = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}'


def test_members_are_those_with_a_role(spec: Spec, scenario: Author) -> None:
    given = "{users: [alice, bob], conversations: {lobby: {members: {alice: owner, bob: outsider}}}}"
    wanted = requirements_of(scenario(f"steps: [{SAY}]", given=given), spec)
    assert (wanted.users, wanted.rooms) == (("alice", "bob"), {"lobby": Room("private", {"alice": "owner"})})
    assert not wanted.alone


@pytest.mark.parametrize(
    ("steps", "empty"),
    [
        (f"steps: [{SAY}, {{expect: NewMessage, at: bob}}]", False),
        ("steps: [{send: Ping, by: alice}, {expect: Pong, at: alice}]", False),
        (f"steps: [{ASK}]", True),
        (f"setup: [{ASK}]\nsteps: [{SAY}]", True),
        (f"steps: [{{repeat: 2, steps: [{ASK}]}}]", True),
        (f"steps: [{{together: [[{SAY}], [{ASK}]]}}]", True),
        ("steps: [{send_raw: {text: any}, by: alice}, {expect: HistoryChunk, at: alice}]", True),
        ("steps: [{expect_either: [{frame: Error}, {frame: SearchResults}], at: alice}]", True),
    ],
)
def test_who_looks_at_a_history_wants_an_empty_one(spec: Spec, scenario: Author, steps: str, empty: bool) -> None:
    assert requirements_of(scenario(steps), spec).empty is empty
