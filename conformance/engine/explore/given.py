"""What exists before an invented conversation begins, in the terms of the scenario language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario.model import Conversation as Room
from conformance.scenario.model import Given, User

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Conversation


def given_of(conversation: Conversation) -> Given:
    """Give what exists before the first step."""
    return Given(
        users={name: User(instance=place) for name, place in conversation.users.items()},
        devices=conversation.devices,
        conversations={
            name: Room(room.members, room.visibility, conversation.joined[name])
            for name, room in conversation.rooms.items()
        },
        unknown=conversation.unknown,
    )
