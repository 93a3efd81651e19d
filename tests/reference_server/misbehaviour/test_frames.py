from __future__ import annotations

import asyncio
from random import Random

from reference_server.misbehaviour import frames
from reference_server.misbehaviour.frames import Outgoing
from reference_server.misbehaviour.switches import Switchboard

GREETING, PONG, JOINED, EVENT = (
    '{"action":"connected","type":"ActionConfirmed"}',
    '{"type":"Pong"}',
    '{"action":"joined_conversation","type":"ActionConfirmed"}',
    '{"type":"NewMessage"}',
)


class Wire:
    """What has been sent."""

    def __init__(self, board: Switchboard) -> None:
        self.texts: list[str] = []
        self._more = asyncio.Event()
        self.outgoing = Outgoing(self._send, board, Random(1))

    async def _send(self, message: object) -> None:
        assert isinstance(message, dict)
        self.texts.append(message["text"])
        self._more.set()

    async def send(self, *texts: str) -> None:
        for text in texts:
            await self.outgoing.send({"type": "websocket.send", "text": text})

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(60):
            while len(self.texts) < count:
                self._more.clear()
                await self._more.wait()
        return self.texts


async def test_goes_on_at_once_with_everything_off():
    wire = Wire(Switchboard())
    await wire.send(GREETING, EVENT, PONG)
    assert wire.texts == [GREETING, EVENT, PONG]


async def test_is_late_and_in_order_until_latency_is_switched_off():
    board = Switchboard({"latency": "1h"})
    wire = Wire(board)
    running = asyncio.create_task(wire.outgoing.run())
    await wire.send(GREETING, EVENT)
    await asyncio.sleep(0)
    board.set({"reject-rate": "1%"})  # another switch changes nothing for it
    await asyncio.sleep(0)
    assert wire.texts == []
    board.set({"latency": "off"})
    await wire.send(PONG)
    assert await wire.until(3) == [GREETING, EVENT, PONG]
    running.cancel()


async def test_is_sent_when_its_time_has_come():
    wire = Wire(Switchboard({"latency": "1ms±1"}))
    running = asyncio.create_task(wire.outgoing.run())
    texts = [f'{{"type":"Pong","n":{number}}}' for number in range(20)]
    await wire.send(*texts)
    assert await wire.until(20) == texts
    running.cancel()


async def test_waits_for_room_where_too_much_is_late(monkeypatch):
    monkeypatch.setattr(frames, "MOST_LATE", 2)
    board = Switchboard({"latency": "1h"})
    wire = Wire(board)
    sending = asyncio.create_task(wire.send(GREETING, EVENT, PONG))
    await asyncio.sleep(0)
    assert not sending.done()
    running = asyncio.create_task(wire.outgoing.run())
    board.set({"latency": "off"})
    assert await wire.until(3) == [GREETING, EVENT, PONG]
    await sending
    running.cancel()


async def test_a_reply_comes_after_the_next_one_but_never_before_the_greeting(monkeypatch):
    monkeypatch.setattr(frames, "HOLD_S", 3600.0)
    wire = Wire(Switchboard({"reorder-acks": "on"}))
    await wire.send(GREETING, PONG, EVENT)
    assert wire.texts == [GREETING, EVENT]
    await wire.send(JOINED)
    assert wire.texts == [GREETING, EVENT, JOINED, PONG]
    wire.outgoing.stop()


async def test_a_reply_without_a_next_one_comes_all_the_same(monkeypatch):
    monkeypatch.setattr(frames, "HOLD_S", 0.0)
    wire = Wire(Switchboard({"reorder-acks": "on"}))
    running = asyncio.create_task(wire.outgoing.run())
    await wire.send(GREETING, PONG)
    assert await wire.until(2) == [GREETING, PONG]
    running.cancel()


async def test_events_come_twice_and_replies_once():
    wire = Wire(Switchboard({"duplicate-events": "100%"}))
    await wire.send(GREETING, EVENT, PONG)
    assert wire.texts == [GREETING, EVENT, EVENT, PONG]


async def test_some_events_come_twice():
    wire = Wire(Switchboard({"duplicate-events": "10%"}))
    await wire.send(*[EVENT] * 1000)
    assert 1050 < len(wire.texts) < 1150
