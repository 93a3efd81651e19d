from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reference_server.presence import InMemoryPresence, Presence
from reference_server.redis.client import key, open_redis
from reference_server.redis.presence import RedisPresence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from tests.engines.redis import RedisServer

ALICE, BOB = uuid4(), uuid4()


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[Redis]:
    async with open_redis(redis_server.url) as client:
        await client.flushall()
        yield client


async def process(client: Redis) -> RedisPresence:
    """Let a process take part."""
    presence = RedisPresence(client)
    await presence.renew()
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
            key(*parts).encode() for parts in (("leases",), ("counts", BOB), ("users", other.process))
        }

    async def test_writes_its_counts_again_when_it_was_thought_lost(self, client: Redis):
        one, other = await process(client), await process(client)
        await one.enter(ALICE, 10)
        await crash(client, one)
        assert await other.renew() == [ALICE]
        await one.renew()
        assert await other.is_online(ALICE)
        assert await other.enter(ALICE, 10) == 2

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
