from __future__ import annotations

import asyncio
import json
import struct
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from reference_server.config import Settings
from reference_server.handlers import HANDLERS
from reference_server.messages import FetchHistory
from reference_server.serving import Deployment
from tests.reference_server.support import LEEWAY_S, SECRET, Chat, Client, Command, open_socket, token

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.context import Context

ID = str(uuid4())


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def masked(text: str) -> bytes:
    """Give a text frame as a client writes it."""
    payload = text.encode()
    return struct.pack("!BBHI", 0x81, 0x80 | 126, len(payload), 0) + payload


class TestUpgrade:
    @pytest.mark.parametrize(
        "bad",
        {
            "empty": "",
            "malformed": "nonsense",
            "wrongly signed": token(uuid4(), secret="x" * 32),
            "expired": token(uuid4(), exp=1),
            "not yet valid": token(uuid4(), nbf=2**33),
            "without end": token(uuid4(), exp=None),
            "without subject": token(uuid4(), sub=None),
            "of nobody": token(uuid4(), sub="alice"),
            "unsigned": token(uuid4(), secret="", algorithm="none"),
            "otherwise signed": token(uuid4(), secret="x" * 64, algorithm="HS512"),
        }.items(),
        ids=lambda item: item[0],
    )
    async def test_is_refused_with_a_bad_token(self, chat: Chat, bad: tuple[str, str]):
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(chat.instances[0], bad[1])
        assert refused.value.response.status_code == 401

    async def test_is_refused_beyond_the_connections_of_a_user(self, chat: Chat, alice: Client):
        for number in range(9):
            await chat.connect(alice.user_id, instance=number % 2)
        with pytest.raises(InvalidStatus) as refused:
            await chat.connect(alice.user_id)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"
        await alice.socket.close()
        while True:  # the server learns of the close a moment later
            try:
                await chat.connect(alice.user_id)
            except InvalidStatus:
                continue
            break

    async def test_does_not_compress(self, chat: Chat, alice: Client):
        compressing = await open_socket(chat.instances[0], token(alice.user_id), compression="deflate")
        assert compressing.response is not None
        assert "Sec-WebSocket-Extensions" not in compressing.response.headers
        await compressing.close()


class TestFrames:
    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "nonsense",
            "[]",
            "null",
            "{}",
            '{"type": null}',
            '{"type": 5}',
            '{"type": ["Ping"]}',
            '{"type": "FetchHistory"}',
            '{"type": "FetchHistory", "conversation_id": "nonsense"}',
            '{"type": "Ping", "x": "\\ud800"}',
            f'{{"type": "Ping", "x": {nested(10_000)}}}',
            '{"type": "Ping", "x": %s}' % ("9" * 10_000),
            '{"type": "Ping"',
            b"\x00\xff",
            b'{"type": "Ping"}',
        ],
        ids=repr,
    )
    async def test_that_make_no_sense_are_answered_and_forgotten(self, alice: Client, frame: str | bytes):
        assert (await alice.ask_raw(frame))["code"] == "invalid_message"
        assert (await alice.ask("Ping")) == {"type": "Pong"}

    @pytest.mark.parametrize("type", ["Nothing", "ping", "ActionConfirmed", ""])
    async def test_of_unknown_type_are_answered(self, alice: Client, type: str):
        assert (await alice.ask(type))["code"] == "unknown_type"

    @pytest.mark.parametrize(
        "frame",
        ['{"type": "Ping", "type": "Ping"}', '{"type": "Ping", "more": {"x": [1.5, null]}}', ' {"type":"Ping"}\n'],
    )
    async def test_with_more_than_is_needed_are_accepted(self, alice: Client, frame: str):
        assert await alice.ask_raw(frame) == {"type": "Pong"}

    @pytest.mark.parametrize("number", ["9" * 5000, f"-{'9' * 5000}", f"1.{'9' * 5000}e{'9' * 50}", "1e999", "NaN"])
    async def test_with_numbers_beyond_reason_never_fail_inside_the_server(
        self, chat: Chat, alice: Client, number: str
    ):
        lobby = await chat.conversation(alice)
        start, file = f'"conversation_id": "{lobby}"', '"url": "http://x", "filename": "x", "content_type": "x/x"'
        for rest in (
            f'"type": "SendMessage", "content": "x", "attachments": [{{{file}, "size": 1, "duration": {number}}}]',
            f'"type": "SendMessage", "content": "x", "attachments": [{{{file}, "size": {number}}}]',
            f'"type": "SendMessage", "content": {number}',
            f'"type": "SearchMessages", "query": "x", "offset": {number}',
            f'"type": "FetchHistory", "limit": {number}',
            f'"type": {number}',
        ):
            reply = await alice.ask_raw(f"{{{start}, {rest}}}")
            assert reply.get("code") in {"invalid_message", "too_large", None}

    async def test_in_fragments_are_put_together(self, alice: Client):
        await alice.socket.send(['{"type"', ': "Pi', 'ng"}'])
        assert await alice.reply() == {"type": "Pong"}

    async def test_up_to_the_limit_are_accepted_and_larger_ones_end_with_1009(
        self, chat: Chat, alice: Client, bob: Client
    ):
        frame = json.dumps({"type": "Ping", "x": ""})
        assert await bob.ask_raw(frame[:-2] + "x" * (65_536 - len(frame)) + frame[-2:]) == {"type": "Pong"}
        await alice.socket.send("x" * 1_000_000)
        assert await alice.closed() == 1009
        assert await bob.ask("Ping") == {"type": "Pong"}

    @pytest.mark.parametrize(
        ("first_byte", "payload", "code"),
        [(0x81, b"\xff\xfe", 1007), (0x83, b"", 1002), (0xC1, b"{}", 1002), (0x80, b"{}", 1002)],
        ids=["not UTF-8", "reserved opcode", "reserved bit", "continuation of nothing"],
    )
    async def test_against_the_protocol_end_the_connection_with_a_code(
        self, alice: Client, first_byte: int, payload: bytes, code: int
    ):
        alice.socket.transport.write(struct.pack("!BBI", first_byte, 0x80 | len(payload), 0) + payload)
        assert await alice.closed() == code

    async def test_of_a_websocket_ping_get_their_payload_back(self, alice: Client):
        async with asyncio.timeout(60):
            await (await alice.socket.ping(b"payload"))


class TestRequestsBeforeAClose:
    async def test_are_all_handled_though_their_replies_reach_nobody(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        contents = [f"number {number}" for number in range(20)]
        frames = [
            json.dumps({"type": "SendMessage", "conversation_id": str(lobby), "content": one}) for one in contents
        ]
        close = struct.pack("!BBIH", 0x88, 0x82, 0, 1000)
        bob.socket.transport.write(b"".join(map(masked, frames)) + close)
        assert await bob.closed() == 1000
        assert [(await alice.event())["content"] for _ in contents] == contents


class TestReplies:
    async def test_come_in_the_order_of_the_requests(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        for number in range(50):
            await alice.send("SearchMessages", conversation_id=lobby, query=f"q{number}")
            await alice.send("Ping")
            await alice.send("SendMessage", conversation_id=lobby, content=str(number))
        for number in range(50):
            assert (await alice.reply())["query"] == f"q{number}"
            assert (await alice.reply())["type"] == "Pong"
            assert (await alice.reply())["action"] == "message_sent"
        contents = [event["content"] for event in await alice.events()]
        assert contents == [str(number) for number in range(50)]


class TestAFailure:
    async def test_inside_the_server_is_answered_and_the_connection_lives(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        async def fail(_context: Context, _request: FetchHistory) -> None:
            raise LookupError("a fault")

        monkeypatch.setitem(HANDLERS, FetchHistory, fail)
        async with (
            Deployment(Settings(SECRET), f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment,
            Chat(deployment.websocket_urls, deployment.api_urls) as chat,
        ):
            alice = await chat.connect()
            reply = await alice.ask("FetchHistory", conversation_id=ID)
            assert reply["code"] == "internal"
            assert "fault" not in reply["message"]
            assert await alice.ask("Ping") == {"type": "Pong"}
        assert "a fault" in caplog.text


class TestRates:
    async def test_are_counted_per_user_over_connections_and_instances(self, tmp_path: Path):
        limits = ("--message-limit", "3", "--request-limit", "4", "--rate-window", "0.6")
        with Command(tmp_path / "chat.db", *limits, ports=(0, 0)) as command:
            async with command.chat as chat:
                alice, bob = await chat.connect(), await chat.connect()
                phone = await chat.connect(alice.user_id, instance=1)
                lobby = await chat.conversation(alice, bob)
                sending = {"conversation_id": lobby, "content": "hello"}
                for client in (alice, phone, alice):
                    assert (await client.ask("SendMessage", **sending))["type"] == "ActionConfirmed"
                for client in (alice, phone):
                    assert (await client.ask("SendMessage", **sending))["code"] == "rate_limited"
                assert await bob.types() == ["NewMessage"] * 3
                assert (await bob.ask("SendMessage", **sending))["type"] == "ActionConfirmed"
                replies = [await phone.ask("FetchHistory", conversation_id=lobby) for _ in range(4)]
                assert replies[-1]["code"] == "rate_limited"
                assert await phone.ask("Ping") == {"type": "Pong"}
                async with asyncio.timeout(60):
                    while (await alice.ask("SendMessage", **sending))["type"] == "Error":
                        await alice.ask("Ping")
            code, log = command.end()
        assert (code, log) == (0, "")


class TestExpiry:
    async def test_of_the_token_ends_the_connection_when_the_leeway_is_over(self, chat: Chat):
        end = int(time.time()) + 2
        alice = await chat.connect(exp=end - LEEWAY_S)
        assert await alice.closed() == 4401
        assert end <= time.time() < end + 2


class TestPresence:
    async def test_is_told_to_companions_once_per_user(self, chat: Chat, alice: Client):
        bob, stranger = uuid4(), await chat.connect()
        await chat.conversation(alice, roles={bob: "member"})
        laptop = await chat.connect(bob)
        phone = await chat.connect(bob, instance=1)
        await laptop.socket.close()
        await phone.socket.close()
        while len(alice.presence) < 2:
            alice._keep(await alice.frame())
        assert alice.presence == [
            {"type": "UserPresenceUpdate", "user_id": str(bob), "status": status} for status in ("online", "offline")
        ]
        assert (await stranger.events(), stranger.presence) == ([], [])
