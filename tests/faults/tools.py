"""What several faults need."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from reference_server import events
from reference_server.connection import Connection
from reference_server.context import Instance
from reference_server.models import MEMBERSHIPS
from tests.faults.registry import Patch


def change_frames(patch: Patch, kind: type, change: Callable[[dict[str, Any]], object]) -> None:
    """Change every frame of a type on its way out."""

    @patch.around(events, "encode")
    def encode(original, outgoing):
        if not isinstance(outgoing, kind):
            return original(outgoing)
        frame = json.loads(original(outgoing))
        change(frame)
        return json.dumps(frame)


def devices(instance: Instance, user_id: UUID) -> list[Connection]:
    """Give a user's connections to an instance."""
    listener = instance.hub._users.get(user_id)
    return list(listener.connections) if listener else []


def everybody(instance: Instance) -> list[Connection]:
    """Give all connections to an instance."""
    return [connection for listener in instance.hub._users.values() for connection in listener.connections]


async def members(instance: Instance, conversation_id: UUID) -> set[UUID]:
    """Give the users who have any role in a conversation."""
    query = select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.conversation_id == conversation_id)
    return set(await instance.services.database.read(lambda connection: connection.scalars(query).all()))
