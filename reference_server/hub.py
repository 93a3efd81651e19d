"""The connections of one instance, and which of them get which events.

The hub holds no truth: it follows the notices of the bus. A conversation's role changes come on the same
channel as its events, in order, so an event that follows a ban never reaches the banned (PERM-2).
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.locks import KeyedLocks
from reference_server.pubsub import (
    Event,
    Lost,
    Notice,
    PubSub,
    RoleChanged,
    conversation_channel,
    user_channel,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from uuid import UUID

    from reference_server.connection import Connection


#: Service restart: what a client has to do is the same.
EVENTS_LOST = 1012


def deliver(event: Event, connections: Iterable[Connection]) -> None:
    """Queue an event for each connection that it concerns; the last one says how long all of them have waited."""
    last = None
    is_for_all = event.only is None and event.besides is None
    for connection in connections:
        if not is_for_all and (
            event.only not in (None, connection.user_id) or event.besides in (connection.user_id, connection.id)
        ):
            continue
        if last is not None:
            last.send(event.frame, fleeting=event.fleeting)
        last = connection
    if last is not None:
        last.send(event.frame, fleeting=event.fleeting, since=event.began)


@dataclass(slots=True)
class Room:
    """The connections of this instance that have joined one conversation."""

    connections: dict[Connection, None] = field(default_factory=dict)
    #: Users who had joined and have lost the right to read since; they come back with the right.
    barred: set[UUID] = field(default_factory=set)
    #: How many tasks need the room to stay, though nobody may have joined yet.
    holders: int = 0

    def notice(self, notice: Notice) -> None:
        """Handle one notice from the bus."""
        if isinstance(notice, RoleChanged):
            if notice.may_read:
                self.barred.discard(notice.user_id)
            else:
                self.barred.add(notice.user_id)
        elif isinstance(notice, Lost):
            for connection in tuple(self.connections):
                connection.hang_up(EVENTS_LOST, "Events were lost: connect and sync again.")
        elif self.barred:
            deliver(notice, [each for each in self.connections if each.user_id not in self.barred])
        else:
            deliver(notice, tuple(self.connections))

    @property
    def is_idle(self) -> bool:
        """Say whether no connection and no task needs the room."""
        return not self.connections and self.holders == 0


@dataclass(slots=True)
class Listener:
    """The connections of one user on this instance."""

    connections: dict[Connection, None] = field(default_factory=dict)

    def notice(self, notice: Notice) -> None:
        """Handle one notice from the bus."""
        if isinstance(notice, Event):
            deliver(notice, tuple(self.connections))


class Hub:
    """Rooms by conversation, connections by user; subscribed to exactly the channels that they need."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub
        self._rooms: dict[UUID, Room] = {}
        self._users: dict[UUID, Listener] = {}
        self._locks: KeyedLocks[str] = KeyedLocks()

    async def connect(self, connection: Connection) -> None:
        """Send a connection the events that concern its user."""
        channel = user_channel(connection.user_id)
        async with self._locks.hold(channel):
            user = self._users.get(connection.user_id)
            if user is None:
                user = Listener()
                await self._pubsub.subscribe(channel, user.notice)
                self._users[connection.user_id] = user
            user.connections[connection] = None

    async def disconnect(self, connection: Connection) -> None:
        """Forget a connection."""  # LEAVE-4
        for conversation_id in tuple(connection.joined):
            await self.leave(connection, conversation_id)
        channel = user_channel(connection.user_id)
        async with self._locks.hold(channel):
            user = self._users[connection.user_id]
            del user.connections[connection]
            if not user.connections:
                del self._users[connection.user_id]
                await self._pubsub.unsubscribe(channel, user.notice)

    @asynccontextmanager
    async def attending(self, conversation_id: UUID) -> AsyncIterator[Room]:
        """Follow a conversation while deciding who may join it.

        A role change between the decision and the join is then seen by the room, and no event is lost
        between a join and the history that is fetched after it (JOIN-5).
        """
        channel = conversation_channel(conversation_id)
        async with self._locks.hold(channel):
            room = self._rooms.get(conversation_id)
            if room is None:
                room = Room()
                await self._pubsub.subscribe(channel, room.notice)
                self._rooms[conversation_id] = room
            else:  # who joins now is not told what was committed before
                await self._pubsub.catch_up(channel)
            room.holders += 1
        try:
            yield room
        finally:
            room.holders -= 1
            await self._close_if_idle(conversation_id)

    def join(self, connection: Connection, conversation_id: UUID) -> None:
        """Send the conversation's events to this connection; within `attending` only."""  # JOIN-1, JOIN-2
        self._rooms[conversation_id].connections[connection] = None
        connection.joined.add(conversation_id)

    async def leave(self, connection: Connection, conversation_id: UUID) -> None:
        """Stop sending the conversation's events to this connection."""  # LEAVE-1, LEAVE-2
        connection.joined.discard(conversation_id)
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.connections.pop(connection, None)
            await self._close_if_idle(conversation_id)

    async def _close_if_idle(self, conversation_id: UUID) -> None:
        channel = conversation_channel(conversation_id)
        async with self._locks.hold(channel):
            room = self._rooms.get(conversation_id)
            if room is not None and room.is_idle:
                del self._rooms[conversation_id]
                await self._pubsub.unsubscribe(channel, room.notice)
