"""A stray frame is told by its ids: whose scenario was given them."""

from __future__ import annotations

from conformance.engine.context.owners import Owners


def test_a_frame_with_the_ids_of_another_scenario_is_its() -> None:
    owners = Owners()
    talk, hear = owners.enter("talk"), owners.enter("hear")
    owners.give(talk, ["room-1", "alice-1"])
    owners.give(hear, ["room-2"])
    frame = {"type": "NewMessage", "messages": [{"conversation_id": "room-1"}]}
    assert owners.other_owner(hear, frame) == "talk"
    assert owners.other_owner(talk, frame) is None


def test_a_frame_with_own_ids_too_is_ones_own() -> None:
    owners = Owners()
    talk, hear = owners.enter("talk"), owners.enter("hear")
    owners.give(talk, ["alice-1"])
    owners.give(hear, ["room-2"])
    assert owners.other_owner(hear, {"conversation_id": "room-2", "sender_id": "alice-1"}) is None


def test_a_frame_without_ids_is_nobodys() -> None:
    owners = Owners()
    owners.give(owners.enter("talk"), ["room-1"])
    assert owners.other_owner(owners.enter("hear"), {"type": "Pong", "room": "in room-1"}) is None


def test_an_account_that_is_lent_again_belongs_to_its_last_scenario() -> None:
    owners = Owners()
    first, second = owners.enter("first"), owners.enter("second")
    owners.give(first, ["alice"])
    owners.give(second, ["alice"])
    assert owners.other_owner(second, {"user_id": "alice"}) is None
    assert owners.other_owner(first, {"user_id": "alice"}) == "second"


def test_two_runs_of_one_scenario_are_two_owners() -> None:
    owners = Owners()
    first, second = owners.enter("talk"), owners.enter("talk")
    owners.give(first, ["room-1"])
    assert owners.other_owner(second, {"conversation_id": "room-1"}) == "talk"


def test_a_frame_may_be_deeper_than_python_calls() -> None:
    owners = Owners()
    owners.give(owners.enter("talk"), ["room-1"])
    deep: object = "room-1"
    for _ in range(5000):
        deep = [deep]
    assert owners.other_owner(owners.enter("hear"), deep) == "talk"
