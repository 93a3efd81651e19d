"""Typing indicators: who is typing in which conversation, and when that expires."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from reference_server.connection import Connection

    #: Who is typing where, on which connection (None: with another process), and the timer of it.
    Typists = dict[tuple[UUID, UUID], tuple[Connection | None, asyncio.Task[None]]]

Stopped = Callable[[UUID, UUID], Awaitable[None]]

#: How much longer than its own typists a process waits for those of another, which may be lost.
GRACE_S = 1.0


class TypingIndicator:
    """One timer per typist and conversation, in a mapping that all instances share."""  # TYPE-2

    def __init__(self, expiry: float, stopped: Stopped, typists: Typists | None = None) -> None:
        self._expiry = expiry
        self._stopped = stopped
        self._typists = {} if typists is None else typists

    def refresh(self, connection: Connection, conversation_id: UUID) -> None:
        """Note that a user is typing, and restart the timer."""
        self.forget(conversation_id, connection.user_id)
        key = (conversation_id, connection.user_id)
        self._typists[key] = (connection, asyncio.create_task(self._expire(key)))

    def elsewhere(self, conversation_id: UUID, user_id: UUID, is_typing: bool, lost: Stopped) -> None:
        """Note that a user types with another process, or types no more; that process tells, unless it is lost."""
        self.forget(conversation_id, user_id)
        if is_typing:
            key = (conversation_id, user_id)
            self._typists[key] = (None, asyncio.create_task(self._expire_elsewhere(key, lost)))

    def forget(self, conversation_id: UUID, user_id: UUID) -> bool:
        """Note that a user has stopped; say whether the user was typing."""
        _, timer = self._typists.pop((conversation_id, user_id), (None, None))
        if timer is not None:
            timer.cancel()
        return timer is not None

    async def stop(self, conversation_id: UUID, user_id: UUID) -> None:
        """End the typing of a user, and tell the others."""
        if self.forget(conversation_id, user_id):
            await self._stopped(conversation_id, user_id)

    async def leave(self, connection: Connection, conversation_id: UUID) -> None:
        """End the typing of a connection that leaves a conversation, and tell the others."""
        typist, _ = self._typists.get((conversation_id, connection.user_id), (None, None))
        if typist is connection:
            await self.stop(conversation_id, connection.user_id)

    async def disconnect(self, connection: Connection) -> None:
        """End all typing of a connection that is gone, and tell the others."""
        ends = [conversation_id for (conversation_id, _), (typist, _) in self._typists.items() if typist is connection]
        for conversation_id in ends:
            await self.stop(conversation_id, connection.user_id)

    def close(self) -> None:
        """Stop every timer."""
        for _, timer in self._typists.values():
            timer.cancel()
        self._typists.clear()

    async def _expire(self, key: tuple[UUID, UUID]) -> None:
        await asyncio.sleep(self._expiry)  # A sleep: this is the timer itself.
        del self._typists[key]
        await self._stopped(*key)

    async def _expire_elsewhere(self, key: tuple[UUID, UUID], lost: Stopped) -> None:
        await asyncio.sleep(self._expiry + GRACE_S)  # A sleep: this is the timer itself.
        del self._typists[key]
        await lost(*key)
