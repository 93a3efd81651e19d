from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from reference_server.presence import InMemoryPresence, Presence
from reference_server.redis.client import key, open_redis
from reference_server.redis.presence import LEASE_S, RedisPresence
from tests.survival.cutting import CuttingProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

    from tests.engines.redis import RedisServer

ALICE, BOB = uuid4(), uuid4()


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[Redis]:
    async with open_redis(redis_server.url) as client:
        await client.flushall()
        yield client


class Clock:
    """A clock whose hand the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def process(client: Redis, clock: Clock | None = None) -> RedisPresence:
    """Let a process take part, for so long that it is steady."""
    clock = clock or Clock()
    presence = RedisPresence(client, clock=clock)
    for _ in range(3):
        await presence.renew()
        clock.now += LEASE_S / 2
    return presence


async def crash(client: Redis, presence: RedisPresence) -> None:
    """Let the lease of a process run out."""
    await client.zadd(key("leases"), {presence.process: 1})


@pytest.fixture(params=["memory", "redis"])
async def presence(request: pytest.FixtureRequest) -> AsyncIterator[Presence]:
    if request.param == "memory":
        yield InMemoryPresence()
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with open_redis(server.url) as client:
        await client.flushall()
        yield await process(client)


class TestPresence:
    """What every implementation keeps."""

    async def test_counts_the_connections_of_each_user(self, presence: Presence):
        assert [await presence.enter(ALICE, 10), await presence.enter(ALICE, 10), await presence.enter(BOB, 10)] == [
            1,
            2,
            1,
        ]
        assert [await presence.leave(ALICE), await presence.leave(ALICE), await presence.leave(BOB)] == [1, 0, 0]

    async def test_keeps_within_the_limit(self, presence: Presence):
        assert [await presence.enter(ALICE, 2) for _ in range(3)] == [1, 2, None]
        assert await presence.leave(ALICE) == 1
        assert await presence.enter(ALICE, 2) == 2

    async def test_knows_who_is_online(self, presence: Presence):
        assert not await presence.is_online(ALICE)
        await presence.enter(ALICE, 10)
        assert await presence.is_online(ALICE)
        await presence.leave(ALICE)
        assert not await presence.is_online(ALICE)

    async def test_never_counts_below_none(self, presence: Presence):
        assert await presence.leave(ALICE) == 0
        assert await presence.enter(ALICE, 10) == 1


class TestRedisPresence:
    async def test_counts_over_all_processes(self, client: Redis):
        one, other = await process(client), await process(client)
        assert [await one.enter(ALICE, 2), await other.enter(ALICE, 2), await one.enter(ALICE, 2)] == [1, 2, None]
        assert await one.leave(ALICE) == 1
        assert await one.is_online(ALICE)

    async def test_forgets_a_process_that_is_lost(self, client: Redis):
        one, other = await process(client), await process(client)
        await one.enter(ALICE, 10)
        await one.enter(BOB, 10)
        await other.enter(BOB, 10)
        await crash(client, one)
        assert not await other.is_online(ALICE)
        assert await other.renew() == [ALICE]
        assert await other.renew() == []
        assert await other.enter(BOB, 10) == 2
        assert set(await client.keys("*")) == {
            key(*parts).encode()
            for parts in (("leases",), ("counts", BOB), ("users", other.process), ("gone", one.process))
        }

    async def test_writes_its_counts_again_when_it_was_thought_lost(self, client: Redis):
        one, other = await process(client), await process(client)
        await one.enter(ALICE, 10)
        await crash(client, one)
        assert await other.renew() == [ALICE]
        assert await one.renew() == [ALICE]  # she is online after all
        assert await one.renew() == []
        assert await other.is_online(ALICE)
        assert await other.enter(ALICE, 10) == 2

    async def test_thinks_nobody_lost_where_redis_was_gone_for_all(self, client: Redis):
        clock = Clock()
        one, other = await process(client), await process(client, clock)
        await one.enter(ALICE, 10)
        await crash(client, one)
        clock.now += LEASE_S
        assert await other.renew() == []
        await one.renew()
        for _ in range(3):
            clock.now += LEASE_S / 2
            assert await other.renew() == []
        assert await other.is_online(ALICE)

    async def test_leaves_a_process_alone_that_comes_back_while_others_look(self, client: Redis):
        one, other = await process(client), await process(client)
        await one.enter(ALICE, 10)
        await crash(client, one)
        remove = other._remove

        async def late(**given: Any) -> Any:
            await one.renew()
            return await remove(**given)

        other._remove = cast("AsyncScript", late)
        assert await other.renew() == []
        assert await other.is_online(ALICE)

    async def test_writes_what_it_could_not_write_when_redis_is_back(self, client: Redis):
        """As when the network is cut for less than a lease."""
        one, other = await process(client), await process(client)
        await one.enter(BOB, 10)
        write = one._set

        async def fail(**_: object) -> None:
            raise OSError

        one._set = cast("AsyncScript", fail)
        assert (await one.enter(ALICE, 10), await one.leave(BOB)) == (1, 0)
        one._set = write
        assert (await other.is_online(ALICE), await other.is_online(BOB)) == (False, True)
        assert await one.renew() == sorted([ALICE, BOB])
        assert (await other.is_online(ALICE), await other.is_online(BOB)) == (True, False)
        assert await one.renew() == []

    async def test_writes_its_counts_again_when_redis_has_lost_them(self, client: Redis):
        one, other = await process(client), await process(client)
        await one.enter(ALICE, 10)
        await client.flushall()
        await other.renew()
        await one.renew()
        assert await other.is_online(ALICE)

    async def test_knows_its_own_without_redis(self, redis_server: RedisServer, client: Redis):
        one = await process(client)
        redis_server.stop()
        try:
            assert [await one.enter(ALICE, 1), await one.enter(ALICE, 1)] == [1, None]
            assert (await one.is_online(ALICE), await one.is_online(BOB)) == (True, False)
            assert await one.leave(ALICE) == 0
        finally:
            redis_server.start()

    async def test_ends_although_redis_does_not_answer(
        self, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("reference_server.redis.client.ANSWER_S", 60.0)
        monkeypatch.setattr("reference_server.redis.presence.GOODBYE_S", 0.05)
        path = redis_server.url.removeprefix("unix://")
        async with CuttingProxy(lambda: asyncio.open_unix_connection(path)) as proxy:
            client = open_redis(f"redis://127.0.0.1:{proxy.port}")
            one = await process(client)
            proxy.silence()
            async with asyncio.timeout(20):
                await one.close()
                await client.aclose()
