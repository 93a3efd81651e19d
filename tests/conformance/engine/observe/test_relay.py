"""Real clients through the relay: nothing changes for them, and what is wrong on the way is found."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode

from conformance.engine.observe.observer import Observer
from conformance.engine.observe.relay import Relay
from conformance.engine.observe.side import Upstream
from conformance.engine.observe.tap import MAX_MESSAGE
from conformance.target.secrets import Secrets
from tests.doubles.fan_out import ChatServer
from tests.doubles.listening import certified, listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection
    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

LOBBY, ALICE, BOB = (f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2, 3))


def token(user: str) -> str:
    return jwt.encode({"sub": user}, "a secret that is long enough for any HMAC here", "HS256")


@asynccontextmanager
async def relayed(spec: Spec, upstream: str | Upstream, **options: Any) -> AsyncIterator[Watched]:
    secrets = Secrets()
    watched = Watched(Observer(spec, redact=secrets.redact, **options))
    leading = Upstream(upstream, None) if isinstance(upstream, str) else upstream
    relay = Relay(leading, watched.observer, keep=secrets.keep, trouble=watched.troubles.append, said=watched.say)
    host, port = await relay.start("127.0.0.1", 0)
    watched.url = f"ws://{host}:{port}"
    try:
        yield watched
    finally:
        await relay.stop()


class Watched:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.troubles: list[str] = []
        self.lines: list[str] = []
        self.said = asyncio.Event()
        self.url = ""

    def say(self, line: str) -> None:
        self.lines.append(line)
        self.said.set()

    @property
    def rules(self) -> set[str | None]:
        return {one.violation.rule for one in self.observer.wrong.values() if one.violation.by == "server"}

    def enter(self, user: str) -> connect:
        return connect(f"{self.url}/?token={token(user)}", compression=None)


async def joined(client: ClientConnection) -> None:
    await client.recv()
    await asked(client, type="JoinConversation", conversation_id=LOBBY)


async def asked(client: ClientConnection, **frame: Any) -> dict[str, Any]:
    """Send a request and give the last frame before the Pong behind it."""
    await client.send(json.dumps(frame))
    await client.send('{"type": "Ping"}')
    found: dict[str, Any] = {}
    async for message in client:
        with suppress(ValueError):
            if (read := json.loads(message))["type"] == "Pong":
                break
            found = read
    return found


async def converse(watched: Watched) -> None:
    """Alice says something, bob hears it, and fetches it."""
    async with watched.enter(ALICE) as alice, watched.enter(BOB) as bob:
        await joined(alice)
        await joined(bob)
        for content in ("one", "two", "three", "four"):
            await asked(alice, type="SendMessage", conversation_id=LOBBY, content=content)
        await asked(bob, type="FetchHistory", conversation_id=LOBBY)


@asynccontextmanager
async def echoing(**options: Any) -> AsyncIterator[str]:
    """A server that gives everything back as it is."""

    async def echo(client: ServerConnection) -> None:
        async for message in client:
            await client.send(message)

    async with listening(echo, **options) as url:
        yield url


class TestJudging:
    async def test_a_right_server_breaks_nothing_and_much_of_it_is_observed(self, spec: Spec) -> None:
        async with ChatServer().serving() as server, relayed(spec, server.url) as watched:
            await converse(watched)
        assert watched.rules == set()
        assert {rule for rule, _ in watched.observer.seen} >= {
            "CONN-1",
            "ACK-1",
            "SEND-2",
            "SEND-3",
            "SEND-4",
            "HIST-2",
        }

    @pytest.mark.parametrize(
        ("wrong", "rule"),
        [
            ("leak", "SEND-3"),
            ("duplicate", "SEND-2"),
            ("echo twice", "SEND-2"),
            ("confirmed twice", "ACK-1"),
            ("confirmed everywhere", "ACK-1"),
            ("reply lost", "ACK-2"),
            ("error besides", "PING-1"),
            ("wrong order", "SEND-4"),
            ("malformed frame", "CONN-11"),
            ("wrong history", "HIST-1"),
            ("unknown frame", "CONN-11"),
            ("token in a frame", "AUTH-5"),
            ("no greeting", "CONN-1"),
            ("garbage", "CONN-11"),
            ("binary", "CONN-11"),
        ],
    )
    async def test_a_wrong_server_breaks_the_rule_that_it_is_wrong_in(self, spec: Spec, wrong: str, rule: str) -> None:
        async with (
            ChatServer("in order", wrong).serving() as server,
            relayed(spec, server.url) as watched,
            asyncio.timeout(60),
            watched.enter(ALICE) as alice,
            watched.enter(BOB) as bob,
        ):
            if wrong != "no greeting":
                await alice.recv()
                await bob.recv()
            for client in (alice, bob)[: 1 if wrong == "leak" else 2]:
                await client.send(json.dumps({"type": "JoinConversation", "conversation_id": LOBBY}))
                await client.recv()
            for content in ("one", "two", "three", "four"):
                await asked(alice, type="SendMessage", conversation_id=LOBBY, content=content)
            await bob.send(json.dumps({"type": "FetchHistory", "conversation_id": LOBBY}))
            await asked(bob, type="LeaveConversation", conversation_id=LOBBY)
        assert rule in watched.rules

    async def test_a_compressed_conversation_is_looked_into(self, spec: Spec) -> None:
        async with echoing(compression="deflate") as url, relayed(spec, url) as watched, connect(watched.url) as client:
            assert client.response is not None
            assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
            for text in ('{"type": "Ping"}', json.dumps({"type": "Typing", "text": "x" * 5000})) * 3:
                await client.send(text)
                assert await client.recv() == text
        assert watched.observer.types["sent", "Ping"] == 3
        assert watched.observer.types["sent", "Typing"] == 3
        assert not watched.observer.blind


class TestPassing:
    async def test_messages_of_all_kinds_come_back_as_they_were_sent(self, spec: Spec) -> None:
        async with echoing() as url, relayed(spec, url) as watched, connect(watched.url, compression=None) as client:
            for message in ("text", b"binary", "", b"", "long" * 100_000):
                await client.send(message)
                assert await client.recv() == message
            await client.send(["in ", "three ", "fragments"])
            assert await client.recv() == "in three fragments"

    async def test_every_byte_after_the_handshake_passes_unchanged(self, spec: Spec) -> None:
        got = bytearray()
        ended = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-Odd:  kept \r\n\r\n\x81\x02{}")
            got.extend(await reader.read())
            ended.set()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fragments = (Frame(Opcode.TEXT, b'{"ty', fin=False), Frame(Opcode.PING, b"!"), Frame(Opcode.CONT, b'pe": 1}'))
        wire = b"".join(frame.serialize(mask=True) for frame in fragments) + b"\xff\xff no WebSocket at all"
        async with server, relayed(spec, f"ws://127.0.0.1:{port}") as watched:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(watched.url.rpartition(":")[2]))
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"\r\nX-Odd:  kept \r\n" in head
            assert await reader.readexactly(4) == b"\x81\x02{}"
            for byte in wire:
                writer.write(bytes([byte]))
            writer.write_eof()
            await ended.wait()
            writer.close()
        assert bytes(got) == wire
        assert [reason.partition(":")[0] for reason in watched.observer.blind] == ["it breaks RFC 6455"]

    @pytest.mark.parametrize("code", [1000, 1011, 4401])
    async def test_close_codes_pass_both_ways(self, spec: Spec, code: int) -> None:
        codes: asyncio.Queue[int | None] = asyncio.Queue()

        async def talk(client: ServerConnection) -> None:
            if await client.recv() == "you":
                await client.close(code, "why")
            await client.wait_closed()
            codes.put_nowait(client.close_code)

        async with listening(talk) as url, relayed(spec, url) as watched:
            async with connect(watched.url) as client:
                await client.send("you")
                with pytest.raises(ConnectionClosed):
                    await client.recv()
                assert (client.close_code, client.close_reason) == (code, "why")
            async with connect(watched.url) as client:
                await client.send("me")
                await client.close(code)
            assert {await codes.get(), await codes.get()} == {code}

    async def test_pings_are_answered_by_the_other_end(self, spec: Spec) -> None:
        async with echoing() as url, relayed(spec, url) as watched, connect(watched.url) as client:
            await (await client.ping(b"over there"))

    @pytest.mark.parametrize("by", ["client", "server"])
    async def test_a_connection_that_has_ended_is_forgotten(self, spec: Spec, by: str) -> None:
        async def talk(client: ServerConnection) -> None:
            if by == "client":
                await client.wait_closed()

        async with listening(talk) as url, relayed(spec, url) as watched:
            for number in range(3):
                async with connect(watched.url) as client:
                    if by == "server":
                        await client.wait_closed()
                async with asyncio.timeout(60):
                    while f"client-{number + 1} ended" not in watched.lines:
                        await watched.said.wait()
                        watched.said.clear()
            assert watched.observer.open == 0

    async def test_a_dropped_connection_is_dropped_at_the_other_end(self, spec: Spec) -> None:
        async def drop(client: ServerConnection) -> None:
            client.transport.abort()

        async with listening(drop) as url, relayed(spec, url) as watched, connect(watched.url) as client:
            with pytest.raises(ConnectionClosedError):
                await client.recv()
            assert client.close_code == 1006

    async def test_the_handshake_passes_but_for_its_host_and_its_path(self, spec: Spec) -> None:
        seen: list[Any] = []

        async def talk(client: ServerConnection) -> None:
            assert client.request is not None
            seen.extend((client.request.path, client.request.headers))

        async with serve(talk, "127.0.0.1", 0, subprotocols=["chat"]) as server:  # type: ignore[list-item]
            port = server.sockets[0].getsockname()[1]
            async with relayed(spec, f"ws://127.0.0.1:{port}/chat/ws?v=2") as watched:
                headers = {"Cookie": "a=b", "X-Mine": "1"}
                opening = connect(
                    f"{watched.url}/any?token=t",
                    additional_headers=headers,
                    origin="https://page.example",  # type: ignore[arg-type]
                    subprotocols=["chat"],  # type: ignore[list-item]
                )
                async with opening as client:
                    assert client.subprotocol == "chat"
        path, found = seen
        assert path == "/chat/ws?v=2&token=t"
        assert (found["Host"], found["Cookie"], found["X-Mine"], found["Origin"]) == (
            f"127.0.0.1:{port}",
            "a=b",
            "1",
            "https://page.example",
        )

    async def test_a_secure_upstream_is_reached_by_its_name(self, spec: Spec) -> None:
        authority = trustme.CA()
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        async with echoing(ssl=certified(authority, "chat.example")) as url:
            upstream = Upstream(url.replace("ws://", "wss://"), trust, "chat.example")
            async with relayed(spec, upstream) as watched, connect(watched.url) as client:
                await client.send("over TLS")
                assert await client.recv() == "over TLS"
            async with relayed(spec, Upstream(url.replace("ws://", "wss://"), trust)) as watched:
                with pytest.raises(InvalidStatus, match="502"):
                    await connect(watched.url)
                assert "certificate" in watched.troubles[0]

    async def test_a_refusal_of_the_server_passes(self, spec: Spec) -> None:
        def refuse(client: ServerConnection, _: Any) -> Any:
            return client.respond(401, "not you")

        async with listening(lambda _: asyncio.sleep(0), process_request=refuse) as url, relayed(spec, url) as watched:
            with pytest.raises(InvalidStatus) as error:
                await connect(watched.url)
        assert (error.value.response.status_code, error.value.response.body) == (401, b"not you")
        assert watched.observer.connections == 0


class TestTrouble:
    async def test_an_upstream_that_is_gone_is_told_and_the_client_gets_502(self, spec: Spec) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{free.getsockname()[1]}"
        async with relayed(spec, url) as watched:
            with pytest.raises(InvalidStatus, match="502"):
                await connect(watched.url)
        assert watched.troubles == ["nobody listens there"]

    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"426"),
            (b"\x16\x03\x01\r\n\r\n", b"400"),
            (b"GET / HTTP/1.1\r\n" + b"x" * 70_000, b"400"),
        ],
    )
    async def test_what_is_no_upgrade_is_refused(self, spec: Spec, request_: bytes, status: bytes) -> None:
        async with relayed(spec, "ws://127.0.0.1:1") as watched:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(watched.url.rpartition(":")[2]))
            writer.write(request_)
            assert (await reader.readline()).split()[1] == status
            writer.close()

    async def test_a_client_too_many_gets_503(self, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
        async with relayed(spec, "ws://127.0.0.1:1") as watched:
            monkeypatch.setattr("conformance.engine.observe.relay.MOST_CONNECTIONS", 0)
            with pytest.raises(InvalidStatus, match="503"):
                await connect(watched.url)

    async def test_a_message_too_large_to_look_into_passes_all_the_same(self, spec: Spec) -> None:
        async with (
            echoing(max_size=None) as url,
            relayed(spec, url) as watched,
            connect(watched.url, compression=None, max_size=None) as client,
        ):
            await client.send("x" * (MAX_MESSAGE + 1))
            assert len(await client.recv()) == MAX_MESSAGE + 1
            await client.send("and on")
            assert await client.recv() == "and on"
        assert list(watched.observer.blind) == [f"a message of more than {MAX_MESSAGE:,} bytes passed"]

    async def test_a_client_that_does_not_read_slows_the_server_and_takes_no_memory(self, spec: Spec) -> None:
        sent = 0
        stuck = asyncio.Event()

        async def flood(client: ServerConnection) -> None:
            nonlocal sent
            while True:
                sending = asyncio.ensure_future(client.send(b"x" * 65536))
                done, _ = await asyncio.wait({sending}, timeout=0.5)
                if not done:
                    stuck.set()
                await sending
                sent += 1

        async with listening(flood) as url, relayed(spec, url) as watched:
            _, writer = await asyncio.open_connection("127.0.0.1", int(watched.url.rpartition(":")[2]), limit=1)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            await stuck.wait()
            assert sent < 1000
            writer.transport.abort()


class TestKeeping:
    async def test_neither_content_nor_tokens_are_kept(self, spec: Spec) -> None:
        lines: list[str] = []
        async with (
            ChatServer("in order", "duplicate").serving() as server,
            relayed(spec, server.url, record=lines.append) as watched,
        ):
            await converse(watched)
        kept = "".join(lines) + str([one.entries for one in watched.observer.wrong.values()])
        assert "5 characters" in kept
        assert "three" not in kept
        assert token(ALICE)[:20] not in kept

    async def test_content_is_kept_if_that_is_wanted(self, spec: Spec) -> None:
        lines: list[str] = []
        async with (
            ChatServer("in order", "token in a frame").serving() as server,
            relayed(spec, server.url, keep_content=True, record=lines.append) as watched,
        ):
            await converse(watched)
        assert "three" in "".join(lines)
        assert token(ALICE)[:20] not in "".join(lines)
