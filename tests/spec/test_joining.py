"""Who acts in a conversation has joined it: a server may require that, and no scenario but one is about it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

ABOUT_IT = {"send-message.asking-does-not-subscribe"}
JOIN, LEAVE = "JoinConversation", "LeaveConversation"


class Subscriptions:
    """The connections that have joined each conversation of a scenario."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        self.rooms = scenario.given.conversations
        self.roles = spec.protocol.roles
        self.joined: defaultdict[str, set[str]] = defaultdict(set)
        connected = {name for name, user in scenario.given.users.items() if user.connect} | {*scenario.given.devices}
        for name, room in self.rooms.items():
            chosen = {who for who in connected if self.may(who, name, "join")} if room.join is None else {*room.join}
            self.joined[name] |= chosen

    def may(self, who: str, room: str, right: str) -> bool:
        role = self.rooms[room].members.get(who.partition("@")[0], "")
        return right in self.roles.get(role, ())

    def follow(self, step: s.Step) -> bool:
        """Note what a step changes; tell whether somebody acts who may read and has not joined."""
        match step:
            case s.Connect():
                for room in self.joined.values():
                    room.discard(step.who)
                for name in step.join:
                    self.joined[name].add(step.who)
            case s.Restart():
                self.joined.clear()
            case s.Send() | s.Page():
                room = str(step.fields.get("conversation_id")) if isinstance(step.fields, dict) else ""
                name = room.removeprefix("${").removesuffix("}")
                if name not in self.rooms or step.frame == LEAVE:
                    return False
                if step.frame == JOIN:
                    self.joined[name].add(step.by)
                return step.by not in self.joined[name] and self.may(step.by, name, "read")
        return False


def acts_without_joining(spec: Spec) -> Iterator[str]:
    for scenario in spec.scenarios.values():
        subscriptions = Subscriptions(scenario, spec)
        if any(subscriptions.follow(step) for step in walk((*scenario.setup, *scenario.steps))):
            yield scenario.base


def test_who_acts_in_a_conversation_has_joined_it(whole_spec: Spec) -> None:
    assert set(acts_without_joining(whole_spec)) == ABOUT_IT
