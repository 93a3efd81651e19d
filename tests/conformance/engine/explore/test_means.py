from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from conformance.engine.explore.conversation import Arrive, Grant
from conformance.engine.explore.draw import conversations
from conformance.engine.explore.means import CHANGES, LADDER, OUTSIDERS, ROLES, TOKENS, TRIES, Means, needs
from tests.conformance.engine.explore.stories import burst, conversation, send

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.drawing import Drawing
    from conformance.spec import Spec

WHY = "the target cannot do this"
GRANT = Grant("bob", "lobby", "reader")


@pytest.fixture
def means(whole_spec: Spec) -> Means:
    return Means(whole_spec.protocol)


def test_what_fails_again_and_again_is_given_up(means: Means) -> None:
    means.provided(conversation(burst(send())))
    given_up = [means.lacked(conversation(GRANT), WHY) for _ in range(TRIES)]
    assert given_up == [False, False, True]
    assert means.without == {CHANGES: WHY}


def test_what_was_provided_once_is_kept(means: Means) -> None:
    means.provided(conversation(GRANT))
    assert not any(means.lacked(conversation(GRANT), WHY) for _ in range(10))


def test_one_thing_is_given_up_at_a_time(means: Means) -> None:
    for _ in range(TRIES):
        means.lacked(conversation(GRANT), WHY)
    assert [*means.without] == [CHANGES]
    assert not means.lacked(conversation(GRANT), WHY)
    for _ in range(TRIES):
        means.lacked(conversation(burst(send())), WHY)
    assert [*means.without] == [CHANGES, ROLES]


@pytest.mark.parametrize(("token", "made"), [({"raw": "${bob.token}"}, False), ({"claims": {"exp": 1}}, True)])
def test_only_a_token_that_is_made_is_needed(whole_spec: Spec, token: dict[str, Any], *, made: bool) -> None:
    one = conversation(Arrive("bob@odd", {"token": token}))
    assert (TOKENS in needs(one, whole_spec.protocol)) == made


@pytest.mark.parametrize("left_out", [*LADDER, "everything"])
def test_what_is_given_up_is_not_drawn(drawing: Drawing, whole_spec: Spec, left_out: str) -> None:
    without = frozenset(LADDER) if left_out == "everything" else frozenset({left_out})

    @settings(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(conversations(replace(drawing, without=without)))
    def draw(conversation: Conversation) -> None:
        assert not needs(conversation, whole_spec.protocol) & without

    draw()


def test_an_outsider_is_needed_where_a_user_is_no_member(whole_spec: Spec) -> None:
    one = conversation(burst(send()))
    room = replace(one.rooms["lobby"], members={"ann": "member"})
    assert needs(replace(one, rooms={"lobby": room}), whole_spec.protocol) == {OUTSIDERS}
