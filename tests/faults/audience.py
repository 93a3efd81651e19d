"""Wrong audiences, for the events of any type."""

import json

from sqlalchemy import select

from reference_server import hub
from reference_server.context import Instance
from reference_server.events import encode
from reference_server.models import MEMBERSHIPS
from tests.faults.registry import Patch
from tests.faults.tools import devices, members


def told_twice(patch: Patch, kind: type) -> None:
    """Tell every event of a type twice."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        for _ in range(2 if isinstance(event, kind) else 1):
            await original(self, conversation_id, event, **how)


def told_to_nobody(patch: Patch, kind: type) -> None:
    """Tell no event of a type."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if not isinstance(event, kind):
            await original(self, conversation_id, event, **how)


def told_to_those_who_have_not_joined(patch: Patch, kind: type) -> None:
    """Tell events of a type also to members who have not joined."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        users = await members(self, conversation_id) if isinstance(event, kind) else ()
        for device in [device for user in users for device in devices(self, user)]:
            if conversation_id not in device.joined:
                device.send(encode(event))


def told_to_one_device(patch: Patch, kind: type) -> None:
    """Tell events of a type to one connection of each user."""

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        if json.loads(event.frame)["type"] == kind.__name__:
            connections = list({connection.user_id: connection for connection in connections}.values())
        original(event, connections)


def not_told_to_readers(patch: Patch, kind: type) -> None:
    """Keep events of a type from the readers of a conversation."""
    readers: set = set()
    query = select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.role == "reader")

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if isinstance(event, kind):
            readers.update(await self.services.database.read(lambda connection: connection.scalars(query).all()))
        await original(self, conversation_id, event, **how)

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        barred = readers if json.loads(event.frame)["type"] == kind.__name__ else ()
        original(event, [connection for connection in connections if connection.user_id not in barred])
