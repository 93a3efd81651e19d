"""The bus: how the instances of one deployment send each other notices.

What travels is a notice on a channel: one channel per conversation, one per user. A subscriber is called
synchronously and only queues what it is given, so notices of one channel stay in the order of publication.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Event:
    """A frame, encoded once, for all connections on the channel that it concerns."""

    frame: str
    only: UUID | None = None
    #: A user, or one connection, that does not get the frame.
    besides: UUID | None = None
    #: May be left out for a reader that lags: it will be outdated before it is read.
    fleeting: bool = False
    #: Who types or types no more, where that is what the frame says: other processes keep it in mind.
    typist: tuple[UUID, bool] | None = None
    #: When this process has made or read it, by `time.perf_counter`.
    began: float = field(default_factory=time.perf_counter, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """From now on a user may read the conversation's events, or may no longer read them."""

    user_id: UUID
    may_read: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Events of the conversation may be lost for this process: its connections have to sync again."""


Published = Event | RoleChanged
Notice = Published | Lost
Subscriber = Callable[[Notice], None]


@dataclass(slots=True, eq=False)
class Change:
    """What is told of one change of a conversation, kept back until the change is committed."""

    channel: str
    told: list[Published] = field(default_factory=list)
    #: Something is written that is not committed yet.
    is_open: bool = False


#: The change that the running task makes.
current_change: ContextVar[Change | None] = ContextVar("current_change", default=None)


def keep_back(channel: str, notice: Published) -> bool:
    """Keep a notice for the commit of the change that it is part of; False: it is part of none."""
    change = current_change.get()
    if change is None or not change.is_open or change.channel != channel:
        return False
    change.told.append(notice)
    return True


class PubSub(Protocol):
    """The bus between instances; its channels keep order."""

    #: Its name for people.
    engine: str

    async def publish(self, channel: str, notice: Published) -> None:
        """Hand a notice to every subscriber of the channel, on every instance; within a change, with its commit."""

    async def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Call the subscriber for every notice published from the return of this call on."""

    async def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Stop calling the subscriber."""

    async def catch_up(self, channel: str) -> None:
        """Call the subscribers for everything that was published before this call."""

    def lose(self, channel: str) -> None:
        """Tell this process' subscribers that they may have missed something."""

    async def is_ready(self) -> bool:
        """Say whether notices get through."""


#: How the channel of a conversation begins; its id follows.
CONVERSATION = "conversation:"


@lru_cache(1024)
def conversation_channel(conversation_id: UUID) -> str:
    """Name the channel of a conversation's live events."""
    return f"{CONVERSATION}{conversation_id}"


def user_channel(user_id: UUID) -> str:
    """Name the channel of what concerns one user, whatever they have joined."""
    return f"user:{user_id}"


class InMemoryPubSub:
    """The bus of instances that live in one process."""

    engine = "memory"

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Subscriber]] = {}

    async def publish(self, channel: str, notice: Published) -> None:
        """Call every subscriber in turn, at once; within a change, when it is committed."""
        if not keep_back(channel, notice):
            self.hand_out(channel, notice)

    def hand_out(self, channel: str, notice: Notice) -> None:
        """Call every subscriber in turn, at once."""
        for subscriber in tuple(self._subscribers.get(channel, ())):
            subscriber(notice)

    async def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Add a subscriber."""
        self._subscribers.setdefault(channel, []).append(subscriber)

    async def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Remove a subscriber, and the channel with the last one."""
        subscribers = self._subscribers.get(channel, [])
        if subscriber in subscribers:
            subscribers.remove(subscriber)
        if not subscribers:
            self._subscribers.pop(channel, None)

    async def catch_up(self, channel: str) -> None:
        """Do nothing: who is published to is called at once."""

    def lose(self, channel: str) -> None:
        """Call every subscriber in turn, at once."""
        self.hand_out(channel, Lost())

    async def is_ready(self) -> bool:
        """Say yes: memory is always available."""
        return True
