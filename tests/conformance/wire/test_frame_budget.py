"""A run is bounded as a whole: many connections cannot take what one may not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.wire import frame_budget as memory
from conformance.wire.connection import Connection
from conformance.wire.frame_budget import Memory, MemoryShare
from conformance.wire.open_connection import open_connection
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

KIB = 1024


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"MAX_LOG": 100 * KIB, "MAX_RUN": 250 * KIB, "SHARE": 10 * KIB, "FRAME_COST": 0}.items():
        monkeypatch.setattr(memory, name, size)


def test_one_connection_has_a_bound_of_its_own() -> None:
    log = MemoryShare(Memory())
    assert log.take(100 * KIB) == ""
    assert log.take(1) == "the server sent more than 102,400 bytes"


def test_all_together_have_one_and_it_hits_who_is_flooded() -> None:
    whole = Memory()
    flooded = [MemoryShare(whole) for _ in range(3)]
    quiet = MemoryShare(whole)
    assert [log.take(80 * KIB) for log in flooded] == [""] * 3
    assert quiet.take(9 * KIB) == ""
    assert (
        flooded[0].take(2 * KIB) == "the server sent more than 256,000 bytes to all connections that were open together"
    )
    assert quiet.take(KIB) == ""


def test_what_a_scenario_used_is_free_for_the_next() -> None:
    whole = Memory()
    for _ in range(10):
        logs = [MemoryShare(whole) for _ in range(3)]
        assert [log.take(80 * KIB) for log in logs] == [""] * 3
        for log in logs:
            log.release()
            log.release()
    assert whole.bytes == 0


def test_nothing_is_kept_once_nobody_will_look_at_it() -> None:
    whole = Memory()
    log = MemoryShare(whole)
    log.release()
    assert log.take(1) == "nobody listens any more"
    assert whole.bytes == 0


async def test_a_flood_of_many_connections_is_cut_off_as_one(spec: Spec) -> None:
    async def talk(socket: ServerConnection) -> None:
        while True:
            await socket.send("x" * KIB)
            await asyncio.sleep(0)

    whole = Memory()
    async with listening(talk) as url:
        opened = [
            await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=60.0, memory=whole)
            for _ in range(6)
        ]
        connections = [one for one in opened if isinstance(one, Connection)]
        assert len(connections) == 6
        await asyncio.gather(*(one.until(lambda: False, 30.0) for one in connections))
        assert all("the server sent more than" in str(one.closed) for one in connections)
        assert whole.bytes <= (250 + 6 * (10 + 1)) * KIB
        for one in connections:
            one.forget()
    assert whole.bytes == 0
