"""How late the harness itself is: by as much its waits grow, and every late moment counts once."""

from __future__ import annotations

import asyncio
import time

import pytest

from conformance.wire.lateness import SLICE, Lateness

BUSY = 0.3
"""Seconds for which the event loop is kept from coming back."""


def keep_busy() -> None:
    """Block the event loop, as a machine that has other things to do does."""
    time.sleep(BUSY)


async def measured(lateness: Lateness) -> float:
    return await lateness.measure(asyncio.sleep, SLICE)


async def test_a_wait_says_how_late_it_came_back() -> None:
    lateness = Lateness()
    asyncio.get_running_loop().call_later(SLICE / 2, keep_busy)
    late = await measured(lateness)
    assert late >= BUSY - SLICE / 2
    assert (lateness.worst, lateness.seconds) == (late, late)


async def test_a_late_moment_that_many_waits_share_counts_once() -> None:
    lateness = Lateness()
    asyncio.get_running_loop().call_later(SLICE / 2, keep_busy)
    late = await asyncio.gather(*(measured(lateness) for _ in range(20)))
    assert lateness.seconds < 2 * max(late) < sum(late)


async def test_a_wait_that_ends_early_is_not_late() -> None:
    lateness = Lateness()
    assert await lateness.measure(lambda _: asyncio.sleep(0), SLICE) == 0
    assert lateness == Lateness(_until=lateness._until)


class TestWithin:
    async def test_gives_what_comes_of_the_work(self) -> None:
        assert await Lateness().within(5.0, asyncio.sleep(0, "done")) == "done"

    async def test_raises_what_the_work_raises(self) -> None:
        async def fail() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await Lateness().within(5.0, fail())

    async def test_ends_work_that_takes_too_long(self) -> None:
        with pytest.raises(TimeoutError):
            await Lateness().within(0.01, asyncio.Event().wait())

    async def test_leaves_the_work_the_time_in_which_we_were_late(self) -> None:
        async def work() -> str:
            keep_busy()
            await asyncio.sleep(0)
            return "done"

        assert await Lateness().within(SLICE, work()) == "done"
