"""Two processes on PostgreSQL and Redis, as their users see them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server import arrivals
from reference_server.cluster import Cluster
from reference_server.config import ConfigError, Settings
from reference_server.context import Instance
from reference_server.database import open_database
from reference_server.redis.presence import RedisPresence
from reference_server.serving import Deployment
from tests.engines.deployment import processes
from tests.reference_server.support import SECRET, Chat, Command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.engines.redis import RedisServer

SETTINGS = Settings(SECRET)


@pytest.fixture
def commands(empty_postgresql: str, redis_server: RedisServer) -> Iterator[list[Command]]:
    with processes(2, empty_postgresql, redis_server.url, "--typing-expiry", "0.5") as commands:
        yield commands


@pytest.fixture
async def chat(commands: list[Command]) -> AsyncIterator[Chat]:
    instances, api = ([url for each in commands for url in each.ready[kind]] for kind in ("instances", "api"))
    async with Chat(instances, api) as chat:
        yield chat


@pytest.mark.end_to_end
class TestTwoProcesses:
    async def test_deliver_to_each_others_users_in_one_order(self, chat: Chat):
        alice, bob = await chat.connect(), await chat.connect(instance=1)
        lobby = await chat.conversation(alice, bob)
        for number in range(10):
            for client in (alice, bob):
                await client.send("SendMessage", conversation_id=lobby, content=str(number))
        for client in (alice, bob):
            assert {(await client.reply())["type"] for _ in range(10)} == {"ActionConfirmed"}
        heard = [[(await client.event())["message_id"] for _ in range(20)] for client in (alice, bob)]
        history = (await alice.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert heard[0] == heard[1] == [message["message_id"] for message in reversed(history)]

    async def test_name_their_engines_when_they_are_ready(self, chat: Chat):
        ready = [(await chat.call("GET", "/health/ready", instance=instance)).json() for instance in range(2)]
        assert ready == [{"status": "ok", "engines": {"postgresql": "ok", "redis": "ok"}}] * 2

    async def test_tell_of_roles_calls_and_typing(self, chat: Chat):
        alice, bob = await chat.connect(), await chat.connect(instance=1)
        lobby = await chat.conversation(alice, bob)
        await bob.ask("CallOffer", conversation_id=lobby, target_user_id=alice.user_id, sdp="v=0")
        assert (await alice.event())["type"] == "CallOffer"
        await bob.send("Typing", conversation_id=lobby, is_typing=True)
        assert [(await alice.event())["is_typing"] for _ in range(2)] == [True, False]
        await chat.set_role(lobby, bob.user_id, "banned")
        await alice.say(lobby, "secret")
        assert (await bob.ask("FetchHistory", conversation_id=lobby))["type"] == "Error"
        assert await bob.events() == []

    async def test_end_what_a_lost_one_has_left_behind(self, chat: Chat, commands: list[Command]):
        """Its users go offline, and type no more."""
        alice, bob = await chat.connect(), await chat.connect(instance=1)
        lobby = await chat.conversation(alice, bob)
        await bob.send("Typing", conversation_id=lobby, is_typing=True)
        assert (await alice.event())["is_typing"] is True
        commands[1].process.kill()
        assert (await alice.event())["is_typing"] is False
        while {"type": "UserPresenceUpdate", "user_id": str(bob.user_id), "status": "offline"} not in alice.presence:
            alice._keep(await alice.frame())

    async def test_are_one_where_a_second_has_no_redis(self, empty_postgresql: str, commands: list[Command]):
        with pytest.raises(AssertionError, match="without Redis"):
            await asyncio.to_thread(Command, empty_postgresql)


class TestLease:
    async def test_is_renewed_while_the_users_of_a_lost_process_are_announced(
        self, empty_postgresql: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ):
        """Else others would think this process lost, too, and so on."""
        renewed, announcing = asyncio.Semaphore(0), asyncio.Event()

        async def renew(_presence: RedisPresence) -> list[UUID]:
            renewed.release()
            return [uuid4()]

        async def announce(*_: object) -> None:
            announcing.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(RedisPresence, "renew", renew)
        monkeypatch.setattr(arrivals, "settle", announce)
        database = open_database(empty_postgresql)
        await database.prepare()
        cluster = Cluster(database, redis_server.url)
        cluster._presence.lease = 0.03
        await cluster.start(Instance(SETTINGS, cluster.services))
        async with asyncio.timeout(20):
            await announcing.wait()
            for _ in range(5):
                await renewed.acquire()
        await cluster.close()
        await database.close()


@pytest.mark.end_to_end
class TestStart:
    async def test_is_refused_on_sqlite(self, tmp_path: Path):
        with pytest.raises(ConfigError, match="PostgreSQL"):
            Deployment(SETTINGS, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0], "redis://127.0.0.1:1")

    async def test_is_refused_with_a_redis_that_does_not_answer(self, empty_postgresql: str):
        deployment = Deployment(SETTINGS, empty_postgresql, "127.0.0.1", [0], "redis://127.0.0.1:1")
        with pytest.raises(ConfigError, match="Redis does not answer"):
            await deployment.__aenter__()

    async def test_is_refused_with_a_redis_url_that_is_none(self, empty_postgresql: str):
        with pytest.raises(ConfigError, match="malformed"):
            Deployment(SETTINGS, empty_postgresql, "127.0.0.1", [0], "nonsense")
