from __future__ import annotations

import asyncio

from conformance.engine.explore.turns import Turns


async def test_who_runs_alone_waits_for_the_others_and_the_next_ones_wait_for_it() -> None:
    turns, said, begun, go = Turns(), [], asyncio.Event(), asyncio.Event()

    async def together(name: str) -> None:
        async with turns.together():
            said.append(f"{name} begins")
            begun.set()
            await go.wait()
            said.append(f"{name} ends")

    async def alone() -> None:
        async with turns.alone():
            said.append("alone")

    tasks = [asyncio.create_task(one) for one in (together("one"), together("two"), alone(), together("three"))]
    await begun.wait()
    go.set()
    await asyncio.gather(*tasks)
    assert said == ["one begins", "two begins", "one ends", "two ends", "alone", "three begins", "three ends"]
