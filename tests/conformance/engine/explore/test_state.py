from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Ask, Grant
from conformance.engine.explore.state import State, beginning
from tests.conformance.engine.explore.stories import conversation, send

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec


def _state(spec: Spec, knowledge: Knowledge, **more) -> State:
    return beginning(conversation(**more), spec.protocol, knowledge)


def _about(kind: str, slot: str = "m1", by: str = "ann", **fields) -> Ask:
    return Ask(by, kind, {"conversation_id": "${lobby}", "message_id": f"${{{slot}}}", **fields})


def test_a_message_is_own_for_its_author_and_other_for_others(whole_spec: Spec, knowledge: Knowledge) -> None:
    state = _state(whole_spec, knowledge)
    state.take(send("bob"), granted=True)
    assert "message_id=own" in state.labels(_about("EditMessage", by="bob"), 50)
    assert "message_id=other" in state.labels(_about("EditMessage", by="ann"), 50)
    assert "message_id=unknown" in state.labels(_about("EditMessage", "m9"), 50)


def test_a_deleted_message_is_deleted_only_if_that_was_granted(whole_spec: Spec, knowledge: Knowledge) -> None:
    state = _state(whole_spec, knowledge)
    state.take(send("bob"), granted=True)
    state.take(_about("DeleteMessage"), granted=False)
    assert "message_id=deleted" not in state.labels(_about("AddReaction"), 50)
    state.take(_about("DeleteMessage"), granted=True)
    assert "message_id=deleted" in state.labels(_about("AddReaction"), 50)


def test_the_same_request_again_is_the_same(whole_spec: Spec, knowledge: Knowledge) -> None:
    state = _state(whole_spec, knowledge)
    state.take(send("bob"), granted=True)
    reaction = _about("AddReaction", emoji="👍")
    assert "new" in state.labels(reaction, 50)
    state.take(reaction, granted=True)
    assert "same" in state.labels(reaction, 50)
    assert "new" in state.labels(_about("AddReaction", emoji="❤️"), 50)


def test_what_normally_comes_later_is_first_without_it(whole_spec: Spec, knowledge: Knowledge) -> None:
    state = _state(whole_spec, knowledge)
    state.take(send("bob"), granted=True)
    removal = _about("RemoveReaction", emoji="👍")
    assert "first" in state.labels(removal, 50)
    state.take(_about("AddReaction", emoji="👍"), granted=True)
    assert "first" not in state.labels(removal, 50)


def test_a_member_who_has_not_joined_is_unjoined(whole_spec: Spec, knowledge: Knowledge) -> None:
    assert {"unjoined", "allowed"} <= _state(whole_spec, knowledge, joined=("ann",)).labels(send("bob"), 50)
    assert "unjoined" not in _state(whole_spec, knowledge).labels(send("bob"), 50)


def test_who_has_no_right_is_not_allowed(whole_spec: Spec, knowledge: Knowledge) -> None:
    for role in ("reader", "banned", "outsider"):
        assert "allowed" not in _state(whole_spec, knowledge, joined=("ann",), bob=role).labels(send("bob"), 50)


def test_who_loses_the_right_to_join_is_unclear(whole_spec: Spec, knowledge: Knowledge) -> None:
    state = _state(whole_spec, knowledge)
    state.move(Grant("bob", "lobby", "reader"))
    assert ("bob", "lobby") in state.joined
    state.move(Grant("bob", "lobby", "banned"))
    assert state.unclear == {("bob", "lobby")}
