from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reference_server.errors import Refused
from reference_server.journal import entries
from reference_server.permissions import Role, Visibility
from reference_server.pubsub import Event, Lost, RoleChanged, conversation_channel, user_channel
from reference_server.redis.client import key
from reference_server.store import conversations
from tests.reference_server.hearing import Heard
from tests.reference_server.journal.conftest import ALICE, Process, lock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from tests.engines.redis import RedisServer


async def nothing(*_: object) -> None:
    return None


def deaf(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing arrive that the process publishes."""
    monkeypatch.setattr(process.bus._channels, "publish", nothing)
    monkeypatch.setattr(process.bus._channels, "publish_soon", lambda *_: None)


class TestDelivery:
    async def test_is_in_order_and_once_in_every_process(self, one: Process, other: Process, lobby: UUID):
        heard = [await process.hear(lobby) for process in (one, other)]
        await asyncio.gather(
            *(process.change(lobby, f"{name} {n}") for n in range(20) for name, process in (("a", one), ("b", other)))
        )
        await one.change(lobby, "end")
        first, second = [await each.until("end") for each in heard]
        assert first == second
        assert sorted(first) == sorted([*(f"{name} {n}" for n in range(20) for name in "ab"), "end"])

    async def test_is_at_once_in_the_own_process(self, one: Process, lobby: UUID):
        heard = await one.hear(lobby)
        await one.change(lobby, "1", "2")
        assert heard.frames == ["1", "2"]

    async def test_comes_from_the_journal_when_the_doorbell_is_lost(
        self, one: Process, other: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        heard = await other.hear(lobby)
        with monkeypatch.context() as lost:
            deaf(one, lost)
            await one.change(lobby, "lost 1")
            await one.change(lobby, "lost 2")
        await one.change(lobby, "end")
        assert await heard.until("end") == ["lost 1", "lost 2", "end"]

    async def test_comes_from_a_position_check_when_the_last_doorbell_is_lost(
        self, one: Process, other: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        """As when a process dies between its commit and its publication."""
        heard = await other.hear(lobby)
        deaf(one, monkeypatch)
        await one.change(lobby, "tail")
        assert await heard.until("tail") == ["tail"]

    async def test_goes_on_after_redis_was_gone(
        self, one: Process, other: Process, lobby: UUID, redis_server: RedisServer
    ):
        heard = await other.hear(lobby)
        redis_server.stop()
        try:
            await one.change(lobby, "while it was gone")
        finally:
            redis_server.start()
        await one.change(lobby, "after")
        assert await heard.until("after") == ["while it was gone", "after"]

    async def test_begins_for_a_new_subscriber_with_what_is_committed_after(
        self, one: Process, other: Process, lobby: UUID
    ):
        await one.change(lobby, "before")
        heard = await other.hear(lobby)
        await one.change(lobby, "after")
        assert await heard.until("after") == ["after"]

    async def test_is_caught_up_with_before_somebody_else_joins(
        self, one: Process, other: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        heard = await other.hear(lobby)
        deaf(one, monkeypatch)
        await one.change(lobby, "before")
        await other.bus.catch_up(conversation_channel(lobby))
        assert heard.frames == ["before"]

    async def test_survives_garbage_on_a_channel(self, one: Process, other: Process, lobby: UUID):
        heard = await other.hear(lobby)
        for garbage in (
            b"garbage",
            b"\xff",
            b"{}",
            b'{"frame":"x","position":"1"}',
            b'{"frame":1e999}',
            b'{"frame":1}',
        ):
            await one.client.publish(key("channel", conversation_channel(lobby)), garbage)
        await one.change(lobby, "end")
        assert await heard.until("end") == ["end"]

    async def test_survives_typing_on_the_channel_of_a_user(
        self, one: Process, other: Process, lobby: UUID, caplog: pytest.LogCaptureFixture
    ):
        heard = await other.hear(lobby)
        await other.bus.subscribe(user_channel(ALICE), Heard())
        garbage = b'{"frame":"x","typist":["%s",true]}' % str(ALICE).encode()
        await one.client.publish(key("channel", user_channel(ALICE)), garbage)
        await one.change(lobby, "end")
        assert await heard.until("end") == ["end"]
        assert "could not be handled" not in caplog.text
        assert other.typing == []

    async def test_believes_the_database_and_no_position_that_is_too_high(
        self, one: Process, other: Process, lobby: UUID
    ):
        heard = await other.hear(lobby)
        await one.client.publish(key("channel", conversation_channel(lobby)), b'{"frame":"x","position":999}')
        await one.change(lobby, "end")
        assert await heard.until("end") == ["end"]
        assert Lost() not in heard.notices

    async def test_is_in_order_after_a_subscription_that_failed(
        self, one: Process, other: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        async def fail(*_: object) -> None:
            raise ConnectionResetError

        with monkeypatch.context() as down:
            down.setattr(other.database, "read_autocommit", fail)
            with pytest.raises(ConnectionResetError):
                await other.hear(lobby)
        heard = await other.hear(lobby)
        with monkeypatch.context() as lost:
            deaf(one, lost)
            await one.change(lobby, "lost")
        await one.change(lobby, "end")
        assert await heard.until("end") == ["lost", "end"]

    async def test_of_a_lost_tail_is_not_held_up_by_gaps_elsewhere(
        self, one: Process, other: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        """Under load, some conversation is always behind."""
        heard = await other.hear(lobby)
        busy = await one.database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})
        await other.hear(busy)
        catch_up = other.bus.catch_up

        async def is_behind_again(channel: str) -> None:
            other.bus._behind.add(channel)
            other.bus._check_now.set()
            await catch_up(channel)

        monkeypatch.setattr(other.bus, "catch_up", is_behind_again)
        deaf(one, monkeypatch)
        await one.change(lobby, "tail")
        await is_behind_again(conversation_channel(busy))
        assert await heard.until("tail") == ["tail"]

    async def test_says_so_when_the_journal_has_forgotten(
        self, one: Process, other: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch
    ):
        heard = await other.hear(lobby)
        with monkeypatch.context() as lost:
            deaf(one, lost)
            lost.setattr(other.bus, "_check", nothing)
            await one.change(lobby, "forgotten")
            await one.database.write(entries.prune, timedelta(0))
            await one.change(lobby, "kept")
        await one.change(lobby, "end")
        assert await heard.until("end") == ["kept", "end"]
        assert heard.notices[0] == Lost()


class TestUnit:
    async def test_tells_nothing_of_what_is_undone(self, one: Process, lobby: UUID):
        def refuse(connection: Connection) -> None:
            lock(connection, lobby)
            raise Refused("forbidden", "No.")

        heard = await one.hear(lobby)
        with pytest.raises(Refused):
            async with one.changes.change(lobby):
                await one.changes.write(refuse)
        await one.change(lobby, "done")
        assert heard.frames == ["done"]
        assert await one.database.read(entries.position, lobby) == 1

    async def test_tells_of_a_role_in_the_order_of_the_changes(self, one: Process, other: Process, lobby: UUID):
        heard = await other.hear(lobby)
        await one.change(lobby, "before")
        async with one.changes.change(lobby):
            await one.changes.write(lock, lobby)
            await one.bus.publish(conversation_channel(lobby), RoleChanged(ALICE, may_read=False))
        await one.change(lobby, "end")
        await heard.until("end")
        assert heard.notices == [Event("before"), RoleChanged(ALICE, may_read=False), Event("end")]


class TestTyping:
    async def test_of_another_process_is_kept_in_mind(self, one: Process, other: Process, lobby: UUID):
        heard = await other.hear(lobby)
        event = Event("typing", besides=ALICE, fleeting=True, typist=(ALICE, True))
        await one.bus.publish(conversation_channel(lobby), event)
        await heard.until("typing")
        assert other.typing == [(lobby, ALICE, True)]
        assert one.typing == []


class TestPrune:
    async def test_forgets_what_is_older(self, one: Process, lobby: UUID):
        await one.change(lobby, "old")
        await one.database.write(entries.prune, timedelta(0))
        assert await one.database.read(entries.since, lobby, 0, 10) == []

    async def test_goes_by_the_clock_of_the_database(self, one: Process, lobby: UUID, monkeypatch: pytest.MonkeyPatch):
        """As when the clock of one process is set an hour forward."""
        await one.change(lobby, "new")
        now = conversations.now
        monkeypatch.setattr(conversations, "now", lambda: now() + timedelta(hours=2))
        await one.database.write(entries.prune, timedelta(hours=1))
        assert len(await one.database.read(entries.since, lobby, 0, 10)) == 1
