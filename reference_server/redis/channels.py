"""Channels between processes: one connection to Redis that listens, and connects again when it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.exceptions import TimeoutError as RedisTimeoutError

from reference_server import tasks
from reference_server.redis.client import FAILURES, key
from reference_server.redis.outgoing import Outgoing

if TYPE_CHECKING:
    from redis.asyncio import Connection

    from reference_server.redis.client import GuardedRedis

logger = logging.getLogger(__name__)

#: How long to wait before connecting again.
PAUSE_S = 0.2
#: How often to send a PING, and how long a silent connection counts as alive.
ASK_S = 2.0
SILENCE_S = 7.0
#: How long to wait until Redis confirms a subscription; after that, it takes effect as soon as Redis answers.
CONFIRM_S = 2.0

Receiver = Callable[[str, bytes], None]


class Channels:
    """Publishes to all processes, and receives from the subscribed channels.

    `received` is called with the channel and the published data. `returned` is called when data may have been missed.
    """

    def __init__(self, client: GuardedRedis, received: Receiver, returned: Callable[[], None]) -> None:
        self._client = client
        self._outgoing = Outgoing(client)
        self._received = received
        self._returned = returned
        self._wanted: dict[str, asyncio.Event] = {}
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        #: With the number of the database, because Redis itself has the same channels in all its databases.
        self._prefix = key("channel", client.connection_pool.connection_kwargs.get("db", 0), "")

    @property
    def is_connected(self) -> bool:
        """Say whether the data of other processes arrives."""
        return self._connection is not None

    async def start(self) -> None:
        """Start to listen."""
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Publish the waiting data, and stop listening."""
        await self._outgoing.close()
        await tasks.end(self._task)

    async def publish(self, channel: str, data: bytes) -> None:
        """Publish data to all subscribed processes; if Redis is down, to none."""
        await asyncio.shield(self._outgoing.put(self._prefix + channel, data))

    def publish_soon(self, channel: str, data: bytes) -> None:
        """Queue data without waiting."""
        self._outgoing.put(self._prefix + channel, data)

    async def subscribe(self, channel: str) -> None:
        """Subscribe; returns when all data published from now on will arrive, or when Redis does not answer."""
        confirmed = self._wanted[channel] = asyncio.Event()
        if self._connection is None:
            return
        await self._command("SUBSCRIBE", channel)
        try:
            async with asyncio.timeout(CONFIRM_S):
                await confirmed.wait()
        except TimeoutError:
            logger.warning("Redis has not confirmed a subscription in time")

    async def unsubscribe(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        if self._wanted.pop(channel, None) is not None:
            await self._command("UNSUBSCRIBE", channel)

    async def _command(self, name: str, *channels: str) -> None:
        connection = self._connection
        if connection is not None:
            with suppress(*FAILURES):  # the listener notices it, too, and connects again
                await connection.send_command(name, *(self._prefix + channel for channel in channels))

    async def _listen(self) -> None:
        while True:
            pool: Any = self._client.connection_pool
            connection = pool.make_connection()
            try:
                await connection.connect()
                await self._receive(connection)
            except FAILURES as error:
                logger.warning("no notices of other processes: %s", error)
            except Exception:
                logger.exception("a notice could not be handled")
            finally:
                self._connection = None
                with suppress(*FAILURES):
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(PAUSE_S)  # A sleep: there is no event for a Redis that is back.

    async def _receive(self, connection: Any) -> None:
        self._connection = connection
        if self._wanted:
            await self._command("SUBSCRIBE", *self._wanted)
        asker = asyncio.create_task(self._ask(connection))
        self._returned()
        try:
            while (answer := await connection.read_response(timeout=SILENCE_S)) is not None:
                self._handle(*answer)
            raise RedisTimeoutError("Redis is silent")
        finally:
            asker.cancel()

    def _handle(self, kind: bytes, *rest: Any) -> None:
        if kind not in {b"message", b"subscribe"}:
            return
        channel = rest[0].decode().removeprefix(self._prefix)
        if kind == b"message":
            self._received(channel, rest[1])
        elif channel in self._wanted:
            self._wanted[channel].set()

    async def _ask(self, connection: Any) -> None:
        """Send a PING at intervals, because a connection whose other end has disappeared is silent."""
        with suppress(*FAILURES):
            while True:
                await connection.send_command("PING")
                await asyncio.sleep(ASK_S)  # A sleep: this is the timer itself.
