from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from conformance.engine.explore.conversation import Arrive, Burst, Knock, RawMessage
from conformance.engine.explore.draw import conversations
from conformance.engine.explore.goal import Goal
from conformance.engine.explore.goals import goals_of

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.drawing import Drawing
    from conformance.spec import Spec

QUICKLY = settings(
    max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def drawn(drawing: Drawing, *goals: Goal) -> list[Conversation]:
    found: list[Conversation] = []

    @QUICKLY
    @given(conversations(replace(drawing, goals=goals)))
    def draw(conversation: Conversation) -> None:
        found.append(conversation)

    draw()
    return found


def test_each_request_is_a_goal_with_each_role(drawing: Drawing, whole_spec: Spec) -> None:
    found = {(goal.request, goal.role) for goal in goals_of(drawing)}
    assert {("EditMessage", role) for role in (*whole_spec.protocol.roles, whole_spec.protocol.no_member)} <= found


def test_each_odd_value_is_a_goal(drawing: Drawing) -> None:
    goals = goals_of(drawing)
    raw = sum(len(odd.values) for odd in drawing.knowledge.raw)
    tokens = sum(len(odd.values) for odd in drawing.knowledge.tokens)
    assert sum(goal.odd is not None for goal in goals) == raw + tokens
    assert Goal("SearchMessages", field="query", label="wild", value="%") in goals


def test_a_goal_about_a_field_is_drawn(drawing: Drawing) -> None:
    goal = Goal("SearchMessages", field="offset", label="negative", value=-1)
    asks = [ask for one in drawn(drawing, goal) for ask in one.asks if "offset=negative" in ask.labels]
    assert len(asks) >= 5


def test_a_goal_about_a_role_is_drawn(drawing: Drawing) -> None:
    found = drawn(drawing, Goal("AddReaction", role="reader"))
    assert any(isinstance(step, Burst) for one in found for step in one.steps)
    assert sum(ask.type == "AddReaction" for one in found for ask in one.asks) >= 10


def test_every_field_too_many_is_drawn_at_once(drawing: Drawing) -> None:
    asks = [ask for one in drawn(drawing, Goal("SendMessage", extra=True)) for ask in one.asks]
    largest = max((ask for ask in asks if ask.type == "SendMessage"), key=lambda ask: len(ask.extra))
    assert {"sender_id", "message_id", "created_at"} <= {*largest.extra}
    assert "content" not in largest.extra


def test_oddities_are_drawn_for_their_goals(drawing: Drawing) -> None:
    knowledge = drawing.knowledge
    goals = (
        Goal(odd=knowledge.raw[0], value=knowledge.raw[0].values[-1]),
        Goal(odd=knowledge.tokens[0], value=knowledge.tokens[0].values[0], knocks=True),
    )
    steps = [step for one in drawn(drawing, *goals) for step in one.steps]
    assert any(isinstance(step, RawMessage) and step.label == knowledge.raw[0].label for step in steps)
    assert any(isinstance(step, Knock) and step.label == knowledge.tokens[0].label for step in steps)


def test_a_connection_opens_with_a_token_of_its_own_user_sometimes_again(drawing: Drawing) -> None:
    arrivals: list[list[Arrive]] = []
    for one in drawn(drawing, Goal(handshake={"token": {"raw": "${self.token}"}})):
        opened = [step for step in one.steps if isinstance(step, Arrive) and step.handshake]
        assert all(step.handshake["token"]["raw"] == f"${{{step.who.partition('@')[0]}.token}}" for step in opened)
        arrivals.append(opened)
    assert any(first.who == second.who for opened in arrivals for first, second in pairwise(opened))
