from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from reference_server.rate_limiter import InMemoryRateLimiter, RateLimiter
from reference_server.redis.client import key, open_redis
from reference_server.redis.rate_limiter import RedisRateLimiter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.engines.redis import RedisServer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "redis"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[RateLimiter]:
    if request.param == "memory":
        yield InMemoryRateLimiter()
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with open_redis(server.url) as client:
        await client.flushall()
        yield RedisRateLimiter(client)


class TestRateLimiter:
    """What every implementation keeps."""

    async def test_allows_up_to_the_limit(self, limiter: RateLimiter):
        assert [await limiter.allow("alice", 2, 60) for _ in range(4)] == [True, True, False, False]

    async def test_counts_every_key_for_itself(self, limiter: RateLimiter):
        assert await limiter.allow("alice", 1, 60)
        assert await limiter.allow("bob", 1, 60)
        assert not await limiter.allow("alice", 1, 60)

    async def test_allows_again_when_the_window_has_passed(self, limiter: RateLimiter):
        assert await limiter.allow("alice", 1, 0.02)
        while not await limiter.allow("alice", 1, 0.02):
            pass

    async def test_counts_what_comes_at_once(self, limiter: RateLimiter):
        allowed = await asyncio.gather(*(limiter.allow("alice", 7, 60) for _ in range(20)))
        assert sum(allowed) == 7


class TestRedisRateLimiter:
    async def test_counts_over_all_processes(self, redis_server: RedisServer):
        async with open_redis(redis_server.url) as one, open_redis(redis_server.url) as other:
            await one.flushall()
            limiters = [RedisRateLimiter(one), RedisRateLimiter(other)]
            assert [await each.allow("alice", 3, 60) for each in limiters * 2] == [True, True, True, False]

    async def test_forgets_instants_of_the_future(self, redis_server: RedisServer):
        """As when the clock is set back by an hour."""
        async with open_redis(redis_server.url) as client:
            await client.flushall()
            await client.lpush(key("rate", "alice"), str(10**14))
            assert await RedisRateLimiter(client).allow("alice", 1, 60)

    async def test_leaves_nothing_behind_when_the_window_has_passed(self, redis_server: RedisServer):
        async with open_redis(redis_server.url) as client:
            await client.flushall()
            await RedisRateLimiter(client).allow("alice", 1, 60)
            assert 0 < await client.pttl(key("rate", "alice")) <= 60_000

    async def test_goes_on_by_itself_without_redis(self, redis_server: RedisServer):
        async with open_redis(redis_server.url) as client:
            limiter = RedisRateLimiter(client)
            redis_server.stop()
            try:
                assert [await limiter.allow("alice", 1, 60) for _ in range(2)] == [True, False]
            finally:
                redis_server.start()

    async def test_goes_on_when_redis_has_forgotten_the_script(self, redis_server: RedisServer):
        async with open_redis(redis_server.url) as client:
            await client.flushall()
            limiter = RedisRateLimiter(client)
            assert await limiter.allow("alice", 2, 60)
            await client.script_flush()
            assert [await limiter.allow("alice", 2, 60) for _ in range(2)] == [True, False]

    async def test_goes_on_by_itself_while_redis_takes_no_writes(
        self, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ):
        """As between a failover and the moment when its name leads to the new primary."""
        monkeypatch.setattr("reference_server.redis.client.REST_S", 0.0)
        async with open_redis(redis_server.url) as client:
            await client.flushall()
            limiter = RedisRateLimiter(client)
            assert await limiter.allow("alice", 2, 60)
            await client.replicaof("127.0.0.1", 1)
            try:
                assert [await limiter.allow("bob", 1, 60) for _ in range(2)] == [True, False]
            finally:
                await client.replicaof("NO", "ONE")
            assert [await limiter.allow("alice", 2, 60) for _ in range(2)] == [True, False]


class TestInMemoryRateLimiter:
    async def test_allows_up_to_the_limit_and_again_when_the_window_has_passed(self):
        clock = Clock()
        limiter = InMemoryRateLimiter(clock)
        assert [await limiter.allow("alice", 2, 10) for _ in range(3)] == [True, True, False]
        clock.now += 9.9
        assert not await limiter.allow("alice", 2, 10)
        clock.now += 0.1
        assert [await limiter.allow("alice", 2, 10) for _ in range(3)] == [True, True, False]

    async def test_does_not_count_what_it_refuses(self):
        clock = Clock()
        limiter = InMemoryRateLimiter(clock)
        await limiter.allow("alice", 1, 10)
        for _ in range(10):
            clock.now += 0.9
            assert not await limiter.allow("alice", 1, 10)
        clock.now += 1
        assert await limiter.allow("alice", 1, 10)

    async def test_forgets_who_has_gone_quiet(self):
        clock = Clock()
        limiter = InMemoryRateLimiter(clock)
        for number in range(100):
            await limiter.allow(str(number), 1, 10)
        clock.now += 20
        await limiter.allow("alice", 1, 10)
        assert set(limiter._uses) == {"alice"}
