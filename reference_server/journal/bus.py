"""The bus between processes."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from reference_server import tasks
from reference_server.journal import codec, entries
from reference_server.journal.follower import Follower
from reference_server.locks import KeyedLocks
from reference_server.outages import cause_of
from reference_server.pubsub import CONVERSATION, Event, Lost, keep_back
from reference_server.redis.channels import Channels

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.database import PostgresDatabase
    from reference_server.metrics import Metrics
    from reference_server.pubsub import Published, Subscriber
    from reference_server.redis.client import GuardedRedis

logger = logging.getLogger(__name__)

#: How often to check for new events that were not announced.
CHECK_S = 2.0
#: The most events that one query reads, and the most conversations that one query asks about.
PAGE = 500


class JournalBus:
    """Sends notices through Redis, and checks them against the journal; subscribers of this process do not need Redis.

    `typing` is called when another process announces typing: with the conversation, the user and whether they type.
    """

    engine = "redis"

    def __init__(
        self,
        client: GuardedRedis,
        database: PostgresDatabase,
        typing: Callable[[UUID, UUID, bool], None],
        metrics: Metrics,
    ) -> None:
        self.process = uuid4().hex
        self._database = database
        self._typing = typing
        self._metrics = metrics
        self._followers: dict[str, Follower] = {}
        self._locks: KeyedLocks[str] = KeyedLocks()
        self._channels = Channels(client, self._received, self._check_soon)
        self._check_now = asyncio.Event()
        self._behind: set[str] = set()
        #: When to check all conversations again, by `time.monotonic`.
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start to listen and to check."""
        await self._channels.start()
        self._task = asyncio.create_task(self._keep_up())

    async def close(self) -> None:
        """Stop listening and checking."""
        await tasks.end(self._task)
        await self._channels.close()

    async def is_ready(self) -> bool:
        """Say whether notices of other processes arrive."""
        return self._channels.is_connected

    async def publish(self, channel: str, notice: Published) -> None:
        """Publish immediately, or after the commit if a change of the conversation is under way."""
        if not keep_back(channel, notice):
            self._offer(channel, None, notice)
            await self._channels.publish(channel, codec.encode(notice, **{"from": self.process}))

    def send_soon(self, channel: str, position: int, notice: Published) -> None:
        """Tell the subscribers of this process now, and queue the notice for the other processes."""
        self._offer(channel, position, notice)
        self._channels.publish_soon(channel, codec.encode(notice, **{"from": self.process, "position": position}))

    def tell_own(self, channel: str, notice: Published) -> None:
        """Tell the subscribers of this process only."""
        self._offer(channel, None, notice)

    async def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Add a subscriber, who gets everything that is published after this call returns."""
        async with self._locks.hold(channel):
            follower = self._followers.get(channel)
            if follower is None:
                follower = self._followers[channel] = Follower()
                try:
                    await self._channels.subscribe(channel)
                    if channel.startswith(CONVERSATION):
                        follower.begin(await self._database.read_autocommit(entries.position, _conversation(channel)))
                except BaseException:
                    del self._followers[channel]
                    await self._channels.unsubscribe(channel)
                    raise
            follower.subscribers.append(subscriber)

    async def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Remove a subscriber; if it is the last one, unsubscribe from the channel."""
        async with self._locks.hold(channel):
            follower = self._followers.get(channel)
            if follower is not None and subscriber in follower.subscribers:
                follower.subscribers.remove(subscriber)
                if not follower.subscribers:
                    del self._followers[channel]
                    await self._channels.unsubscribe(channel)

    async def catch_up(self, channel: str) -> None:
        """Give the subscribers all events that were committed before this call."""
        follower = self._followers.get(channel)
        if follower is None or follower.position is None:
            return
        known = follower.known
        follower.learn(known, await self._database.read_autocommit(entries.position, _conversation(channel)))
        if follower.is_behind:
            await self._read_on(channel, follower)

    def lose(self, channel: str) -> None:
        """Call the subscribers at once."""
        follower = self._followers.get(channel)
        for subscriber in tuple(follower.subscribers if follower is not None else ()):
            subscriber(Lost())

    def _received(self, channel: str, data: bytes) -> None:
        """Handle data that a process has published; drop it if it is not a notice."""
        try:
            body = codec.parse(data)
            notice = codec.decode(body)
            position = body.get("position")
            if not (position is None or type(position) is int):
                raise ValueError("a position must be a whole number")
            if body.get("from") == self.process:
                return
            if isinstance(notice, Event) and notice.typist is not None:
                self._typing(_conversation(channel), *notice.typist)
        except ValueError as error:
            logger.warning("data that is not a notice was dropped: %s", error)
            return
        self._offer(channel, position, notice)

    def _offer(self, channel: str, position: int | None, notice: Published) -> None:
        follower = self._followers.get(channel)
        if follower is not None:
            follower.offer(position, notice)
            if follower.is_behind:
                self._behind.add(channel)
                self._check_now.set()

    def _check_soon(self) -> None:
        """Check every conversation soon, because notices may have been lost."""
        self._due = 0.0
        self._check_now.set()

    async def _keep_up(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._check_now.wait()
            self._check_now.clear()
            behind, self._behind = self._behind, set()
            try:
                for channel in behind:
                    await self.catch_up(channel)
                if time.monotonic() >= self._due:  # also while some conversation is always behind
                    self._due = time.monotonic() + CHECK_S
                    await self._check()
            except Exception as error:
                cause = cause_of(error)
                logger.error("the journal could not be read: %s", cause, exc_info=error if cause is None else None)
                self._behind |= behind
                self._due = 0.0
                await asyncio.sleep(CHECK_S)  # A sleep: there is no event for a database that is back.

    async def _check(self) -> None:
        """Ask the database for the last position of every conversation."""
        followed = [_conversation(channel) for channel in self._followers if channel.startswith(CONVERSATION)]
        for start in range(0, len(followed), PAGE):
            some = followed[start : start + PAGE]
            known = {channel: follower.known for channel, follower in self._followers.items()}
            for conversation_id, position in (await self._database.read_autocommit(entries.positions, some)).items():
                channel = f"{CONVERSATION}{conversation_id}"
                follower = self._followers.get(channel)
                if follower is not None and follower.position is not None:
                    follower.learn(known.get(channel, 0), position)
                    if follower.is_behind:
                        await self._read_on(channel, follower)

    async def _read_on(self, channel: str, follower: Follower) -> None:
        """Give the missed events to the subscribers; tell them if the journal no longer has some."""
        self._metrics.read_again.inc()
        while follower.is_behind and follower.position is not None:
            before, after = follower.known, follower.position
            last = await self._database.read_autocommit(entries.position, _conversation(channel))
            follower.learn(before, last)
            found = await self._database.read_autocommit(entries.since, _conversation(channel), after, PAGE)
            first = found[0][0] if found else last + 1
            if first > after + 1 and follower.position == after:
                self._metrics.lost.inc()
                logger.warning("events are no longer in the journal")
                follower.skip(first - 1)
                self.lose(channel)
            for position, text in found:
                follower.offer(position, codec.decode(codec.parse(text)))


def _conversation(channel: str) -> UUID:
    return UUID(channel.removeprefix(CONVERSATION))
