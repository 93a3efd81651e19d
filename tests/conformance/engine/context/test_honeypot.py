from __future__ import annotations

import asyncio
import urllib.request

import pytest

from conformance.engine.context.honeypot import Honeypot


def _open(url: str) -> None:
    with pytest.raises(OSError, match=r"."):  # It gives no answer.
        urllib.request.urlopen(url, timeout=60)


async def test_a_visit_ends_the_wait_for_it() -> None:
    honeypot = await Honeypot.set("file")
    waiting = asyncio.create_task(honeypot.visit(1000.0))
    await asyncio.to_thread(_open, honeypot.url)
    await waiting
    assert honeypot.is_visited
    await honeypot.remove()


async def test_nobody_is_waited_for_any_longer_than_allowed() -> None:
    honeypot = await Honeypot.set("file")
    await honeypot.visit(0.0)
    assert not honeypot.is_visited
    await honeypot.remove()
