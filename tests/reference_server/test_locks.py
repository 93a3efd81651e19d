from __future__ import annotations

import asyncio

from reference_server.locks import KeyedLocks


class TestKeyedLocks:
    async def test_exclude_each_other_per_key_in_the_order_of_arrival(self):
        locks: KeyedLocks[str] = KeyedLocks()
        log: list[str] = []

        async def work(key: str, name: str) -> None:
            async with locks.hold(key):
                log.append(f"{name} begins")
                await asyncio.sleep(0)
                log.append(f"{name} ends")

        await asyncio.gather(work("a", "1"), work("a", "2"), work("a", "3"))
        assert log == [f"{name} {what}" for name in "123" for what in ("begins", "ends")]

    async def test_leave_other_keys_alone_and_nothing_behind(self):
        locks: KeyedLocks[str] = KeyedLocks()
        async with locks.hold("a"), locks.hold("b"):
            pass
        assert locks._locks == {}

    async def test_survive_who_gives_up_waiting(self):
        locks: KeyedLocks[str] = KeyedLocks()
        async with locks.hold("a"):
            waiting = asyncio.create_task(locks.hold("a").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert locks._locks == {}
