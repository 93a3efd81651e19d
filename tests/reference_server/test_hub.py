from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

import pytest

from reference_server.hub import Hub
from reference_server.pubsub import Event, InMemoryPubSub, Lost, RoleChanged, conversation_channel, user_channel

if TYPE_CHECKING:
    from reference_server.connection import Connection

LOBBY, ALICE, BOB = uuid4(), uuid4(), uuid4()
CHANNEL = conversation_channel(LOBBY)


class Line:
    """A connection that remembers what it was sent."""

    def __init__(self, user_id: UUID) -> None:
        self.id = uuid4()
        self.user_id = user_id
        self.joined: set[UUID] = set()
        self.frames: list[str] = []
        self.codes: list[int] = []

    def send(self, frame: str, *, fleeting: bool = False, since: float | None = None) -> None:
        self.frames.append(frame)

    def hang_up(self, code: int, _reason: str) -> None:
        self.codes.append(code)


async def connected(hub: Hub, user_id: UUID, *, join: bool = True) -> Line:
    line = Line(user_id)
    connection = cast("Connection", line)
    await hub.connect(connection)
    if join:
        async with hub.attending(LOBBY):
            hub.join(connection, LOBBY)
    return line


class TestHub:
    async def test_gives_events_to_whom_they_concern(self):
        bus = InMemoryPubSub()
        hub = Hub(bus)
        alice, bob, stranger = (
            await connected(hub, ALICE),
            await connected(hub, BOB),
            await connected(hub, BOB, join=False),
        )
        await bus.publish(CHANNEL, Event("all"))
        await bus.publish(CHANNEL, Event("alice", only=ALICE))
        await bus.publish(CHANNEL, Event("not alice", besides=ALICE))
        await bus.publish(user_channel(BOB), Event("bob"))
        assert alice.frames == ["all", "alice"]
        assert bob.frames == ["all", "not alice", "bob"]
        assert stranger.frames == ["bob"]

    async def test_follows_role_changes_in_the_order_of_the_channel(self):
        bus = InMemoryPubSub()
        hub = Hub(bus)
        bob = await connected(hub, BOB)
        for notice in (RoleChanged(BOB, may_read=False), Event("1"), RoleChanged(BOB, may_read=True), Event("2")):
            await bus.publish(CHANNEL, notice)
        assert bob.frames == ["2"]

    async def test_sees_a_role_change_between_the_decision_and_the_join(self):
        bus = InMemoryPubSub()
        hub = Hub(bus)
        bob = await connected(hub, BOB, join=False)
        async with hub.attending(LOBBY):
            await bus.publish(CHANNEL, RoleChanged(BOB, may_read=False))
            hub.join(cast("Connection", bob), LOBBY)
        await bus.publish(CHANNEL, Event("secret"))
        assert bob.frames == []

    async def test_hears_after_a_subscription_that_failed(self, monkeypatch: pytest.MonkeyPatch):
        """As when the database was down for a moment: who joins next is not left deaf."""

        async def fail(*_: object) -> None:
            raise ConnectionResetError

        bus = InMemoryPubSub()
        hub = Hub(bus)
        bob = await connected(hub, BOB, join=False)
        with monkeypatch.context() as down:
            down.setattr(bus, "subscribe", fail)
            with pytest.raises(ConnectionResetError):
                await connected(hub, ALICE)
            with pytest.raises(ConnectionResetError):
                async with hub.attending(LOBBY):
                    pass
        async with hub.attending(LOBBY):
            hub.join(cast("Connection", bob), LOBBY)
        alice = await connected(hub, ALICE)
        await bus.publish(CHANNEL, Event("all"))
        await bus.publish(user_channel(ALICE), Event("alice"))
        assert bob.frames == ["all"]
        assert alice.frames == ["all", "alice"]

    async def test_subscribes_to_nothing_when_nobody_is_left(self):
        bus = InMemoryPubSub()
        hub = Hub(bus)
        lines = [await connected(hub, user_id) for user_id in (ALICE, BOB, BOB)]
        await hub.leave(cast("Connection", lines[0]), LOBBY)
        for line in lines:
            await hub.disconnect(cast("Connection", line))
        async with hub.attending(uuid4()):
            pass
        assert bus._subscribers == {}

    async def test_cuts_those_who_have_joined_when_events_are_lost(self):
        bus = InMemoryPubSub()
        hub = Hub(bus)
        joined, other = await connected(hub, ALICE), await connected(hub, BOB, join=False)
        for room in tuple(bus._subscribers[CHANNEL]):
            room(Lost())
        assert (joined.codes, other.codes) == ([1012], [])
