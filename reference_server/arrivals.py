"""Announces a user's first connection and last disconnection to the users who share a conversation with them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from reference_server.events import UserPresenceUpdate
from reference_server.store import conversations

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.context import Instance

logger = logging.getLogger(__name__)


async def arrive(instance: Instance, user_id: UUID) -> bool:
    """Count one more connection; False: the user already has as many as allowed."""
    services = instance.services
    async with services.arrivals.hold(user_id):
        count = await services.presence.enter(user_id, instance.settings.limits.connections)
        if count == 1:
            await _announce(instance, user_id, "online")
        return count is not None


async def depart(instance: Instance, user_id: UUID) -> None:
    """Count one connection less."""
    services = instance.services
    async with services.arrivals.hold(user_id):
        if await services.presence.leave(user_id) == 0:
            await _announce(instance, user_id, "offline")


async def settle(instance: Instance, user_id: UUID) -> None:
    """Announce whether a user is online, because others were told something else, or nothing."""
    services = instance.services
    async with services.arrivals.hold(user_id):
        is_online = await services.presence.is_online(user_id)
        await _announce(instance, user_id, "online" if is_online else "offline")


async def _announce(instance: Instance, user_id: UUID, status: Literal["online", "offline"]) -> None:
    """Tell the users who share a conversation with this one; the cost grows with them, not with all users.

    A failure is logged and ends no connection; the event is lost.
    """
    event = UserPresenceUpdate(user_id, status)  # CONN-12
    try:
        for companion in await instance.services.database.read(conversations.companions, user_id):
            await instance.tell_user(companion, event)
        if await instance.services.presence.is_online(user_id) != (status == "online"):
            # Another process has counted since, and may have told before us: whoever tells last tells what is true.
            await _announce(instance, user_id, "offline" if status == "online" else "online")
    except Exception as error:
        if instance.services.outages.note(error) is None:
            logger.exception("a change of presence could not be announced")
