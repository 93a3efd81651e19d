from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError

from reference_server.redis import client
from reference_server.redis.client import GuardedRedis, open_redis

if TYPE_CHECKING:
    from collections.abc import Callable


class Server:
    """A Redis whose answers the test gives."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[str]] = []

    async def answer(self, *_: Any, **__: Any) -> str:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(Redis, "execute_command", server.answer)
    return server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock forward."""
    now = 1000.0

    def forward(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(client, "monotonic", lambda: now)
    return forward


async def ask(redis: GuardedRedis) -> asyncio.Task[Any]:
    """Ask, as far as the server."""
    asked = asyncio.create_task(redis.execute_command("GET", "x"))
    await asyncio.sleep(0)
    return asked


async def fail(redis: GuardedRedis, server: Server, error: Exception) -> None:
    """Ask, and get an error."""
    asked = await ask(redis)
    server.asked[-1].set_exception(error)
    with pytest.raises(type(error)):
        await asked


async def refused(redis: GuardedRedis) -> None:
    with pytest.raises(RedisConnectionError, match="a moment ago"):
        await redis.execute_command("GET", "x")


class TestGuardedRedis:
    async def test_waits_for_nobody_who_was_down_a_moment_ago(self, server: Server, clock: Callable[[float], None]):
        redis = open_redis("redis://127.0.0.1")
        await fail(redis, server, RedisConnectionError())
        await refused(redis)
        assert len(server.asked) == 1

    async def test_lets_one_request_try_again_while_the_others_do_not_wait(
        self, server: Server, clock: Callable[[float], None]
    ):
        redis = open_redis("redis://127.0.0.1")
        await fail(redis, server, RedisConnectionError())
        clock(client.REST_S)
        trying = await ask(redis)
        await refused(redis)
        server.asked[-1].set_result("ok")
        assert await trying == "ok"
        both = [await ask(redis) for _ in range(2)]
        for each in server.asked[-2:]:
            each.set_result("ok")
        assert await asyncio.gather(*both) == ["ok", "ok"]

    async def test_takes_an_error_of_redis_for_an_answer(self, server: Server, clock: Callable[[float], None]):
        """As a Redis gives that has lost its scripts, because it was started again."""
        redis = open_redis("redis://127.0.0.1")
        await fail(redis, server, RedisConnectionError())
        clock(client.REST_S)
        await fail(redis, server, NoScriptError())
        again = await ask(redis)
        server.asked[-1].set_result("ok")
        assert await again == "ok"

    async def test_leaves_a_redis_that_is_no_longer_the_primary(
        self, server: Server, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
    ):
        """As after a failover: the old primary answers, and takes no writes."""
        redis = open_redis("redis://127.0.0.1")
        left: list[bool] = []

        async def disconnect(inuse_connections: bool = True) -> None:
            left.append(inuse_connections)

        monkeypatch.setattr(redis.connection_pool, "disconnect", disconnect)
        await fail(redis, server, ReadOnlyError())
        await refused(redis)
        assert left == [False]
