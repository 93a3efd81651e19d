"""Faults of the engines, and of the network between them and the processes."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

from redis import Redis

from tests.survival.faults import fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.survival.cutting import CuttingProxy
    from tests.survival.deployment import Deployment

#: Longer than the server waits for any engine.
SILENCE_S = 15.0
#: Until the disk is needed: a page of messages has to be full first.
REFUSED_S = 60.0


@fault("postgresql", "cluster")
async def postgresql_restarts(deployment: Deployment) -> None:
    """PostgreSQL crashes and is started again at once."""
    await deployment.postgres.stop()
    await deployment.postgres.start()


@fault("postgresql", "cluster")
async def postgresql_gone(deployment: Deployment) -> None:
    """PostgreSQL is gone for 10 s."""
    await deployment.postgres.stop()
    await asyncio.sleep(10)  # The fault itself.
    await deployment.postgres.start()


@fault("postgresql")
async def postgresql_out_of_connections(deployment: Deployment) -> None:
    """PostgreSQL comes back with fewer connections than the server wants, for 5 s."""
    await deployment.postgres.stop()
    await deployment.postgres.start("-c max_connections=5 -c superuser_reserved_connections=3 -c max_wal_senders=0")
    await asyncio.sleep(5)  # The fault itself.
    await deployment.postgres.stop()
    await deployment.postgres.start()


async def _silence(links: Sequence[CuttingProxy], **ways: bool) -> None:
    for link in links:
        link.silence(**ways)
    await asyncio.sleep(SILENCE_S)  # The fault itself.
    for link in links:
        link.heal()


@fault("postgresql", "cluster")
async def postgresql_unreachable(deployment: Deployment) -> None:
    """Nothing passes between the processes and PostgreSQL for 15 s, and nobody is told."""
    await _silence(deployment.to_postgres)


@fault("postgresql")
async def postgresql_hears_nothing(deployment: Deployment) -> None:
    """Nothing reaches PostgreSQL for 15 s; what it says arrives."""
    await _silence(deployment.to_postgres, down=False)


@fault("postgresql")
async def postgresql_is_not_heard(deployment: Deployment) -> None:
    """What PostgreSQL says does not arrive for 15 s: commits happen, and nobody knows."""
    await _silence(deployment.to_postgres, up=False)


@fault("cluster")
async def one_process_cut_off_from_postgresql(deployment: Deployment) -> None:
    """Nothing passes between one process and PostgreSQL for 15 s; the others go on."""
    await _silence(deployment.to_postgres[-1:])


@fault("cluster")
async def one_process_not_heard_by_postgresql(deployment: Deployment) -> None:
    """Nothing of one process reaches PostgreSQL for 15 s; the others go on."""
    await _silence(deployment.to_postgres[-1:], down=False)


@fault("cluster")
async def one_process_deaf_to_postgresql(deployment: Deployment) -> None:
    """One process does not hear PostgreSQL for 15 s; the others go on."""
    await _silence(deployment.to_postgres[-1:], up=False)


@fault("postgresql", "cluster")
async def postgresql_disk_full(deployment: Deployment) -> None:
    """The disk of PostgreSQL has no room for messages for 3 s; requests are refused."""
    async with deployment.postgres.messages_on_a_small_disk() as disk:
        await deployment.works()
        disk.fill()
        await deployment.load.refused(REFUSED_S)
        await asyncio.sleep(3)  # The fault itself.
        disk.free()
        await deployment.works()


@fault("postgresql", "cluster")
async def postgresql_disk_full_to_the_log(deployment: Deployment) -> None:
    """PostgreSQL ends because its disk has no room for its log; it is started again when there is room."""
    async with deployment.postgres.log_on_a_small_disk() as disk:
        await deployment.works()
        disk.fill()
        await deployment.postgres.runs_out_of_log()
        disk.free()
        await deployment.postgres.start()
        await deployment.works()


@fault("cluster")
async def redis_restarts(deployment: Deployment) -> None:
    """Redis crashes and comes back empty."""
    deployment.redis.stop()
    await asyncio.to_thread(deployment.redis.start)


@fault("cluster")
async def redis_gone(deployment: Deployment) -> None:
    """Redis is gone for 30 s."""
    deployment.redis.stop()
    await asyncio.sleep(30)  # The fault itself.
    await asyncio.to_thread(deployment.redis.start)


@fault("cluster", repeats=True)
async def redis_clients_killed(deployment: Deployment) -> None:
    """Redis ends the connections of all processes."""
    with closing(Redis.from_url(deployment.redis.url)) as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)


@fault("cluster")
async def redis_unreachable(deployment: Deployment) -> None:
    """Nothing passes between the processes and Redis for 15 s, and nobody is told."""
    await _silence(deployment.to_redis)


@fault("cluster")
async def redis_hears_nothing(deployment: Deployment) -> None:
    """Nothing reaches Redis for 15 s; what it says arrives."""
    await _silence(deployment.to_redis, down=False)


@fault("cluster")
async def redis_is_not_heard(deployment: Deployment) -> None:
    """What Redis says does not arrive for 15 s."""
    await _silence(deployment.to_redis, up=False)


@fault("cluster")
async def one_process_cut_off_from_redis(deployment: Deployment) -> None:
    """Nothing passes between one process and Redis for 15 s; the others think that it is lost."""
    await _silence(deployment.to_redis[-1:])


@fault("cluster")
async def one_process_not_heard_by_redis(deployment: Deployment) -> None:
    """Nothing of one process reaches Redis for 15 s; the others think that it is lost."""
    await _silence(deployment.to_redis[-1:], down=False)


@fault("cluster")
async def one_process_deaf_to_redis(deployment: Deployment) -> None:
    """One process does not hear Redis for 15 s."""
    await _silence(deployment.to_redis[-1:], up=False)


GARBAGE = (b"", b"\xff\xfe", b"{}", b"[]", b'{"position": 1e400}', b'{"frame": 1}', b'{"frame": 1, "position": -1}')
#: A notice as from another database.
TOO_HIGH = b'{"frame": "{}", "position": 999999}'


@fault("cluster")
async def garbage_on_the_channels(deployment: Deployment) -> None:
    """Somebody publishes what is no notice on every channel."""
    with closing(Redis.from_url(deployment.redis.url)) as client:
        for channel in client.pubsub_channels():
            for garbage in GARBAGE:
                client.publish(channel, garbage)
            if b"conversation:" in channel:
                client.publish(channel, TOO_HIGH)
