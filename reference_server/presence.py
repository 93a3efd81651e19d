"""Counts the connections of each user over all instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID


class Presence(Protocol):
    """Counts the connections of each user."""

    async def enter(self, user_id: UUID, limit: int) -> int | None:
        """Count one more connection and return the new count, or None if that would pass the limit."""

    async def leave(self, user_id: UUID) -> int:
        """Count one connection less and return the new count."""

    async def is_online(self, user_id: UUID) -> bool:
        """Say whether the user has a connection anywhere."""


class InMemoryPresence:
    """The counts of instances that live in one process."""

    def __init__(self) -> None:
        self._connections: dict[UUID, int] = {}

    async def enter(self, user_id: UUID, limit: int) -> int | None:
        """Count one more connection, within the limit."""
        count = self._connections.get(user_id, 0)
        if count >= limit:
            return None
        self._connections[user_id] = count + 1
        return count + 1

    async def leave(self, user_id: UUID) -> int:
        """Count one connection less, and forget a user who has none."""
        count = self._connections.get(user_id, 0) - 1
        if count > 0:
            self._connections[user_id] = count
        else:
            self._connections.pop(user_id, None)
        return max(count, 0)

    async def is_online(self, user_id: UUID) -> bool:
        """Say whether the user has a connection."""
        return user_id in self._connections
