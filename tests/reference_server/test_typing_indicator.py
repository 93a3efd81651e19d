from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from reference_server import typing_indicator
from reference_server.typing_indicator import TypingIndicator

if TYPE_CHECKING:
    import pytest

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
        await asyncio.wait_for(told.event.wait(), 60)
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

    async def test_ends_typing_of_another_process_that_says_no_more(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(typing_indicator, "GRACE_S", 0)
        told, lost = Told(), Told()
        indicator = TypingIndicator(0.01, told)
        indicator.elsewhere(LOBBY, ALICE, True, lost)
        await asyncio.wait_for(lost.event.wait(), 60)
        assert (told.stops, lost.stops) == ([], [(LOBBY, ALICE)])

    async def test_forgets_typing_that_another_process_ends_or_takes_over(self):
        told, lost = Told(), Told()
        indicator = TypingIndicator(60, told)
        for is_typing in (True, False):
            indicator.refresh(typist(), LOBBY)
            indicator.elsewhere(LOBBY, ALICE, is_typing, lost)
            await indicator.disconnect(typist())
            assert indicator.forget(LOBBY, ALICE) is is_typing
        assert (told.stops, lost.stops) == ([], [])

    async def test_ends_typing_of_another_process_when_its_typist_says_something_here(self):
        told, lost = Told(), Told()
        indicator = TypingIndicator(60, told)
        indicator.elsewhere(LOBBY, ALICE, True, lost)
        await indicator.stop(LOBBY, ALICE)
        assert (told.stops, lost.stops) == ([(LOBBY, ALICE)], [])
