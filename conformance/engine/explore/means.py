"""Learns what two targets can provide, so that conversations which need more are no longer drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import Arrive, Grant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.explore.conversation import Conversation
    from conformance.spec.protocol import Protocol

TOKENS, CHANGES, OUTSIDERS, ROLES, VISIBILITIES, ROOMS, USERS = (
    "tokens with other claims",
    "changes of roles",
    "users who are not members",
    "other roles than the default one",
    "conversations of another visibility",
    "two conversations",
    "more than two users",
)
LADDER = (TOKENS, CHANGES, OUTSIDERS, ROLES, VISIBILITIES, ROOMS, USERS)
"""What is given up, in this order."""
TRIES = 3
"""Conversations that could not be provided before something that they need is given up."""


@dataclass(slots=True)
class Means:
    """What could be provided so far: `without` maps what is no longer drawn to the reason."""

    protocol: Protocol
    without: dict[str, str] = field(default_factory=dict)
    proved: set[str] = field(default_factory=set)
    failed: Counter[str] = field(default_factory=Counter)

    def provided(self, conversation: Conversation) -> None:
        """Learn that everything which a conversation needs can be provided."""
        self.proved |= needs(conversation, self.protocol)

    def lacked(self, conversation: Conversation, reason: str) -> bool:
        """Learn that something which a conversation needs cannot be provided; say whether something is given up.

        Only what no conversation has proved is given up, one thing at a time.
        """
        unproved = needs(conversation, self.protocol) - self.proved
        if unproved & self.without.keys():
            return False  # It was drawn before that was given up.
        self.failed.update(unproved)
        found = next((one for one in LADDER if self.failed[one] >= TRIES), None)
        if found is None:
            return False
        self.without[found] = reason
        self.failed.clear()
        return True


def needs(conversation: Conversation, protocol: Protocol) -> set[str]:
    """Give what a conversation needs that a target may not have."""
    rooms = conversation.rooms.values()
    found = {
        TOKENS: any(isinstance(step, Arrive) and makes_a_token(step.handshake) for step in conversation.steps),
        CHANGES: any(isinstance(step, Grant) for step in conversation.steps),
        OUTSIDERS: any({*conversation.users} - {*room.members} for room in rooms),
        ROLES: any(role != protocol.default_role for room in rooms for role in room.members.values()),
        VISIBILITIES: any(room.visibility != protocol.visibilities[0] for room in rooms),
        ROOMS: len(rooms) > 1,
        USERS: len(conversation.users) > 2,
    }
    return {name for name, needed in found.items() if needed}


def makes_a_token(handshake: Mapping[str, Any]) -> bool:
    """Say whether a connection opens with a token that is made for it."""
    return "token" in handshake and "raw" not in handshake["token"]
