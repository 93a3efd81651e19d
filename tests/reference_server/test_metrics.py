from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

from reference_server.config import Limits, Settings
from reference_server.hub import deliver
from reference_server.messages import Ping
from reference_server.metrics import Metrics
from reference_server.pubsub import Event
from reference_server.serving import Deployment
from tests.reference_server.support import SECRET, Chat, open_socket, token
from tests.reference_server.test_connection import SlowReader, lagging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from reference_server.connection import Connection

Numbers = dict[tuple[str, ...], float]


def numbers(page: str) -> Numbers:
    """Give the value of each sample, by its name, its type and its other label."""
    families = text_string_to_metric_families(page)
    return {
        (each.name, *(each.labels[label] for label in sorted(each.labels, reverse=True))): each.value
        for family in families
        for each in family.samples
    }


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop run until something is so."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 -- each is one step of the loop
            await asyncio.sleep(0)


async def ask(chat: Chat) -> Numbers:
    """Ask a server for its metrics."""
    response = await chat.http.get(chat.api[0].replace("/api/v1", "/metrics"))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return numbers(response.text)


@asynccontextmanager
async def serving(folder: Path, **settings: object) -> AsyncIterator[Chat]:
    """Serve with metrics."""
    given = Settings(SECRET, **({"metrics": True} | settings))  # type: ignore[arg-type]
    async with (
        Deployment(given, f"sqlite:///{folder}/{uuid4()}.db", "127.0.0.1", [0]) as deployment,
        Chat(deployment.websocket_urls, deployment.api_urls) as chat,
    ):
        yield chat


class TestTheMetricsOfAServer:
    async def test_are_not_given_unless_they_are_asked_for(self, tmp_path: Path):
        async with serving(tmp_path, metrics=False) as chat:
            assert (await chat.http.get(chat.api[0].replace("/api/v1", "/metrics"))).status_code == 404

    async def test_count_connections_and_handshakes(self, tmp_path: Path):
        async with serving(tmp_path, limits=Limits(connections=1)) as chat:
            alice = await chat.connect()
            for user_token, status in ((token(alice.user_id), 429), ("nonsense", 401)):
                with pytest.raises(InvalidStatus):
                    await open_socket(chat.instances[0], user_token)
                assert (await ask(chat))["chat_handshakes_total", str(status)] == 1
            found = await ask(chat)
            assert found["chat_connections",] == found["chat_handshakes_total", "101"] == 1
            await alice.socket.close()
            async with asyncio.timeout(60):
                while (await ask(chat))["chat_connections",] != 0:
                    """Ask again: the server learns of the end in its own time."""

    async def test_count_requests_by_type_and_outcome(self, tmp_path: Path):
        async with serving(tmp_path, limits=Limits(messages_per_window=1)) as chat:
            alice = await chat.connect()
            lobby = await chat.conversation(alice)
            await alice.say(lobby, "hello")
            await alice.ask("SendMessage", conversation_id=lobby, content="too many")
            await alice.ask("FetchHistory", conversation_id=uuid4())
            await alice.ask("Nonsense")
            await alice.ask_raw("{")
            found = await ask(chat)
        requests = {name[1:]: value for name, value in found.items() if name[0] == "chat_requests_total"}
        assert requests == {
            ("JoinConversation", "ok"): 1,
            ("SendMessage", "ok"): 1,
            ("SendMessage", "rate_limited"): 1,
            ("Ping", "ok"): 1,
            ("FetchHistory", "not_found"): 1,
            ("unreadable", "unknown_type"): 1,
            ("unreadable", "invalid_message"): 1,
        }
        assert found["chat_request_seconds_count", "SendMessage"] == 2
        assert found["chat_database_write_seconds_count",] == 1

    async def test_measure_each_event_once_however_many_get_it(self, tmp_path: Path):
        async with serving(tmp_path) as chat:
            users = [await chat.connect() for _ in range(3)]
            lobby = await chat.conversation(*users)
            await users[0].say(lobby, "hello")
            for user in users:
                await user.events()
            assert (await ask(chat))["chat_fan_out_seconds_count",] == 1

    async def test_have_nothing_in_them_that_a_client_has_sent(self, tmp_path: Path):
        secret = "hush_hush"
        async with serving(tmp_path) as chat:
            alice = await chat.connect(username=secret)
            lobby = await chat.conversation(alice)
            await alice.say(lobby, secret)
            for type in (secret, f'{secret}"}} 1\n', "SendMessage"):
                await alice.ask(type, conversation_id=secret, content=secret)
            with pytest.raises(InvalidStatus):
                await open_socket(chat.instances[0], secret)
            page = (await chat.http.get(chat.api[0].replace("/api/v1", "/metrics"), params={"token": secret})).text
        known = (secret, str(alice.user_id), str(lobby), token(alice.user_id)[:20])
        assert "chat_requests_total" in page
        assert not any(each in page for each in known)

    async def test_are_those_of_one_deployment(self, tmp_path: Path):
        async with serving(tmp_path) as chat, serving(tmp_path) as other:
            await chat.connect()
            assert (await ask(chat))["chat_connections",] == 1
            assert (await ask(other))["chat_connections",] == 0


class TestTheMetricsOfAReaderThatLags:
    async def test_count_what_is_left_out_and_the_end(self):
        metrics, reader = Metrics(), SlowReader()
        async with lagging(reader, frames=4, metrics=metrics) as connection:
            for _ in range(3):
                connection.send("frame")
            connection.send("typing", fleeting=True)
            while connection.is_open:
                connection.send("frame")
        found = numbers(metrics.page().decode())
        assert found["chat_events_dropped_total",] == found["chat_connections_cut_total", "4408"] == 1

    async def test_measure_until_the_last_reader_has_the_event(self):
        metrics, slow = Metrics(), SlowReader()
        async with lagging(slow, metrics=metrics) as last:
            connections: list[Connection] = [last]
            deliver(Event("first"), connections)
            deliver(Event("second"), connections)
            await until(lambda: bool(slow.frames))
            assert numbers(metrics.page().decode())["chat_fan_out_seconds_count",] == 0
            slow.reads.set()
            await until(lambda: numbers(metrics.page().decode())["chat_fan_out_seconds_count",] == 2)


def test_a_request_that_is_cut_off_counts_as_cancelled():
    metrics = Metrics()
    measured = metrics.request()
    measured.type = Ping(type="Ping").type
    measured.end()
    assert numbers(metrics.page().decode())["chat_requests_total", "Ping", "cancelled"] == 1
