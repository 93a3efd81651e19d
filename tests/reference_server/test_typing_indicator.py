from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from reference_server.typing_indicator import TypingIndicator

if TYPE_CHECKING:
    from reference_server.connection import Connection

LOBBY, ALICE = uuid4(), uuid4()


class Typist:
    user_id = ALICE


def typist() -> Connection:
    return cast("Connection", Typist())


class Told:
    """What the others are told."""

    def __init__(self) -> None:
        self.stops: list[Any] = []
        self.event = asyncio.Event()

    async def __call__(self, conversation_id: UUID, user_id: UUID) -> None:
        self.stops.append((conversation_id, user_id))
        self.event.set()


class TestTypingIndicator:
    async def test_expires_once(self):
        told = Told()
        indicator = TypingIndicator(0.01, told)
        indicator.refresh(typist(), LOBBY)
        await asyncio.wait_for(told.event.wait(), 5)
        await indicator.stop(LOBBY, ALICE)
        assert told.stops == [(LOBBY, ALICE)]

    async def test_is_ended_only_by_the_connection_that_typed_last(self):
        told = Told()
        indicator = TypingIndicator(60, told)
        laptop, phone = typist(), typist()
        indicator.refresh(laptop, LOBBY)
        indicator.refresh(phone, LOBBY)
        await indicator.disconnect(laptop)
        await indicator.leave(laptop, LOBBY)
        assert told.stops == []
        await indicator.disconnect(phone)
        assert told.stops == [(LOBBY, ALICE)]

    async def test_leaves_no_timer_behind(self):
        told = Told()
        indicator = TypingIndicator(60, told)
        indicator.refresh(typist(), LOBBY)
        indicator.close()
        assert not indicator.forget(LOBBY, ALICE)
        assert told.stops == []
