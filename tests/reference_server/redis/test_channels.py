from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reference_server.redis.channels import Channels
from reference_server.redis.client import open_redis

if TYPE_CHECKING:
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
