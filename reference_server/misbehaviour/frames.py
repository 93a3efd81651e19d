"""Changes the frames of one connection: late, twice, in another order, or with a wrong clock."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson

from reference_server.misbehaviour import clock
from reference_server.misbehaviour.switches import NO_LATENCY

if TYPE_CHECKING:
    from random import Random

    from starlette.types import Message, Send

    from reference_server.misbehaviour.switches import Switchboard

REPLIES = {"ActionConfirmed", "Error", "Pong", "HistoryChunk", "SearchResults", "SyncChunk"}
#: How long a reply waits for the next one, so that it can be sent after it.
HOLD_S = 0.1
#: The most frames that wait at the same time; sending more waits, as for a slow reader.
MOST_LATE = 1024


class Outgoing:
    """Sends the frames of one connection as the switches say; if all are off, unchanged."""

    def __init__(self, send: Send, switchboard: Switchboard, random: Random) -> None:
        self._inner = send
        self._switchboard = switchboard
        self._random = random
        self._loop = asyncio.get_running_loop()
        self._late: deque[tuple[float, str]] = deque()
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._is_greeted = False
        self._held: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def send(self, message: Message) -> None:
        """Send one message of the application."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if not isinstance(text, str):
            await self._inner(message)
            return
        for each in self._altered(text):
            await self._send_late(each)

    async def run(self) -> None:
        """Send each late frame when it is due, until the connection ends."""
        with suppress(OSError, RuntimeError):  # the client is gone
            while True:
                while not self._late:
                    self._more.clear()
                    await self._more.wait()
                due, text = self._late[0]
                await self._wait_until(due)
                await self._inner({"type": "websocket.send", "text": text})
                self._late.popleft()
                self._room.set()

    def stop(self) -> None:
        """Drop a reply that still waits."""
        if self._timer is not None:
            self._timer.cancel()

    def _altered(self, text: str) -> list[str]:
        """Give the frames to send in place of a frame."""
        now = self._switchboard.now
        if not (now.clock_skew or now.duplicate_events or now.reorder_acks or self._held is not None):
            self._is_greeted = True
            return [text]
        is_reply = orjson.loads(text)["type"] in REPLIES
        if now.clock_skew:
            text = clock.sent(text, now.clock_skew)
        if not is_reply:
            return [text] * (1 + (self._random.random() < now.duplicate_events))
        if self._held is not None:
            return [text, self._take_held()]
        if now.reorder_acks and self._is_greeted:
            self._held = text
            self._timer = self._loop.call_later(HOLD_S, self._give_up_holding)
            return []
        self._is_greeted = True
        return [text]

    async def _send_late(self, text: str) -> None:
        if self._switchboard.now.latency == NO_LATENCY and not self._late:
            await self._inner({"type": "websocket.send", "text": text})
            return
        while len(self._late) >= MOST_LATE:
            self._room.clear()
            await self._room.wait()
        self._queue(text)

    async def _wait_until(self, due: float) -> None:
        """Wait until a frame is due, or until latency is switched off."""
        while self._switchboard.now.latency != NO_LATENCY:
            try:
                async with asyncio.timeout_at(due):
                    await self._switchboard.change()
            except TimeoutError:
                return

    def _queue(self, text: str) -> None:
        """Put a frame behind the frames that wait already, so that the order does not change."""
        due = self._loop.time() + self._switchboard.now.latency.draw(self._random)
        self._late.append((max(due, self._late[-1][0]) if self._late else due, text))
        self._more.set()

    def _take_held(self) -> str:
        held, self._held = self._held, None
        assert held is not None
        self.stop()
        return held

    def _give_up_holding(self) -> None:
        self._queue(self._take_held())
