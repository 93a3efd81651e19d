from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reference_server.redis import channels
from reference_server.redis.channels import Channels
from reference_server.redis.client import open_redis

if TYPE_CHECKING:
    import pytest

    from tests.engines.redis import RedisServer


async def test_of_two_databases_of_one_redis_are_apart(redis_server: RedisServer):
    """Two deployments may have the same users; Redis has the same channels in all its databases."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with open_redis(redis_server.url) as ours, open_redis(f"{redis_server.url}?db=1") as theirs:
        listening = asyncio.Event()
        mine = Channels(ours, lambda _, data: heard.put_nowait(data), listening.set)
        other = Channels(theirs, lambda *_: None, lambda: None)
        await mine.start()
        async with asyncio.timeout(60):
            await listening.wait()
            await mine.subscribe("user:x")
            await other.publish("user:x", b"theirs")
            await mine.publish("user:x", b"ours")
            assert await heard.get() == b"ours"
        await mine.close()
        await other.close()


async def test_connect_again_where_redis_says_nothing_for_too_long(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """As when the network is cut and nobody is told."""
    monkeypatch.setattr(channels, "SILENCE_S", 0.01)
    connected = asyncio.Semaphore(0)
    async with open_redis(redis_server.url) as client:
        mine = Channels(client, lambda *_: None, connected.release)
        await mine.start()
        async with asyncio.timeout(60):
            for _ in range(2):
                await connected.acquire()
        await mine.close()
    assert {record.getMessage() for record in caplog.records} == {"no notices of other processes: Redis is silent"}
