from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server.database import open_database
from reference_server.group_commit.publisher import Direct
from reference_server.group_commit.writer import GroupCommit
from reference_server.journal.publisher import Journal
from reference_server.metrics import Metrics
from reference_server.permissions import Role, Visibility
from reference_server.pubsub import (
    Event,
    InMemoryPubSub,
    Lost,
    PubSub,
    RoleChanged,
    conversation_channel,
    user_channel,
)
from reference_server.store import conversations
from tests.reference_server.hearing import Heard
from tests.reference_server.journal.conftest import ALICE, Process, lock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from reference_server.database import Database
    from tests.engines.redis import RedisServer

BOB = uuid4()
USER = user_channel(BOB)


@dataclass
class Buses:
    """The bus of two instances, and what makes changes on the first."""

    here: PubSub
    there: PubSub
    changes: GroupCommit
    lobby: UUID

    @property
    def channel(self) -> str:
        return conversation_channel(self.lobby)


async def make_lobby(database: Database) -> UUID:
    return await database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})


@pytest.fixture(params=["memory", "redis"])
async def buses(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Buses]:
    """Two instances in one process, and two processes."""
    if request.param == "memory":
        database, bus = open_database(f"sqlite:///{tmp_path}/chat.db"), InMemoryPubSub()
        await database.prepare()
        yield Buses(bus, bus, GroupCommit(database, Direct(bus), Metrics()), await make_lobby(database))
        await database.close()
        return
    redis: RedisServer = request.getfixturevalue("redis_server")
    async with AsyncExitStack() as stack:
        one, other = (Process(request.getfixturevalue("empty_postgresql"), redis.url) for _ in range(2))
        for process in (one, other):
            stack.push_async_callback(process.close)
            await process.database.prepare()
            await process.bus.start()
        lobby = await make_lobby(one.database)
        yield Buses(one.bus, other.bus, GroupCommit(one.database, Journal(one.bus), Metrics()), lobby)


class TestPubSub:
    """What every implementation keeps."""

    async def test_hands_notices_to_every_subscriber_of_the_channel_in_order(self, buses: Buses):
        heard = [Heard() for _ in range(3)]
        for bus, each in zip((buses.here, buses.there, buses.there), heard, strict=True):
            await bus.subscribe(USER, each)
        notices = [Event("1", besides=ALICE), Event("2", only=BOB, fleeting=True), Event("3")]
        await buses.here.publish(user_channel(ALICE), Event("elsewhere"))
        for notice in notices:
            await buses.here.publish(USER, notice)
        for each in heard:
            await each.until("3")
            assert each.notices == notices

    async def test_forgets_who_unsubscribes(self, buses: Buses):
        heard, other = Heard(), Heard()
        for each in (heard, other):
            await buses.there.subscribe(USER, each)
        await buses.there.unsubscribe(USER, heard)
        await buses.there.unsubscribe(USER, heard)
        await buses.here.publish(USER, Event("too late"))
        await other.until("too late")
        assert heard.notices == []

    async def test_keeps_the_notices_of_a_change_back_until_its_commit(self, buses: Buses):
        heard = Heard()
        await buses.there.subscribe(buses.channel, heard)
        async with buses.changes.change(buses.lobby, ALICE):
            await buses.changes.write(lock, buses.lobby)
            await buses.here.publish(buses.channel, RoleChanged(BOB, may_read=False))
            await buses.here.publish(buses.channel, Event("of the change"))
            await buses.here.publish(USER, Event("of somebody else"))
            await buses.there.catch_up(buses.channel)
            assert heard.notices == []
        await heard.until("of the change")
        assert heard.notices == [RoleChanged(BOB, may_read=False), Event("of the change")]

    async def test_has_given_what_was_published_when_it_is_caught_up_with(self, buses: Buses):
        heard = Heard()
        await buses.there.subscribe(buses.channel, heard)
        async with buses.changes.change(buses.lobby, ALICE):
            await buses.changes.write(lock, buses.lobby)
            await buses.here.publish(buses.channel, Event("before"))
        await buses.there.catch_up(buses.channel)
        assert heard.frames == ["before"]

    async def test_tells_the_subscribers_of_this_process_that_they_may_have_missed_something(self, buses: Buses):
        heard, elsewhere = Heard(), Heard()
        await buses.there.subscribe(buses.channel, heard)
        await buses.there.subscribe(USER, elsewhere)
        buses.there.lose(buses.channel)
        buses.there.lose(conversation_channel(uuid4()))
        assert (heard.notices, elsewhere.notices) == ([Lost()], [])

    async def test_is_ready(self, buses: Buses):
        heard = Heard()
        await buses.here.subscribe(USER, heard)
        await buses.here.publish(USER, Event("here"))
        await heard.until("here")
        assert buses.here.engine in {"memory", "redis"}
        async with asyncio.timeout(60):
            while not await buses.here.is_ready():  # noqa: ASYNC110 -- nobody is told of the listener of a process
                await asyncio.sleep(0)  # A poll: see above.


class TestInMemoryPubSub:
    async def test_forgets_the_channel_with_the_last_subscriber(self):
        bus, heard = InMemoryPubSub(), Heard()
        await bus.subscribe("a", heard)
        await bus.unsubscribe("a", heard)
        assert bus._subscribers == {}
