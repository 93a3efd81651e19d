from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import Mock, call

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from reference_server.transport import FRAGMENTS, LingeringProtocol
from tests.reference_server.raw import CONTINUATION, GOODBYE, PING, TEXT, ask, frame, status, upgrade

if TYPE_CHECKING:
    from tests.reference_server.support import Command

REQUEST = frame(TEXT, b'{"type": "Ping"}')


class TestFramesBeforeTheAnswerToTheUpgrade:
    async def test_are_handled_after_it(self, server: Command):
        answer = await ask(server, upgrade() + REQUEST + frame(PING, b"hello") + GOODBYE)
        assert status(answer) == 101
        assert b"\x8a\x05hello" in answer
        assert answer.endswith(b"\x88\x02\x03\xe8")

    @pytest.mark.parametrize(
        ("sent", "code"), [(b"\xff\xff\xff", 1002), (frame(TEXT, b"\xff"), 1007), (frame(TEXT, b"x" * 70_000), 1009)]
    )
    async def test_that_are_mistakes_close_with_a_reason(self, server: Command, sent: bytes, code: int):
        answer = await ask(server, upgrade() + sent)
        assert status(answer) == 101
        assert code.to_bytes(2, "big") in answer[answer.index(b"\x88") :]

    async def test_do_not_hide_a_refusal(self, server: Command):
        assert status(await ask(server, upgrade(query="") + REQUEST * 10)) == 401


class TestAMessage:
    async def test_has_a_bounded_number_of_fragments(self, server: Command):
        fragments = frame(TEXT, is_last=False) + frame(CONTINUATION, is_last=False) * FRAGMENTS * 2
        answer = await ask(server, upgrade() + fragments)
        assert b"too many fragments" in answer


class TestPings:
    def test_of_a_client_that_does_not_read_leave_nothing_in_memory(self):
        line = object.__new__(LingeringProtocol)
        line.writable, line.conn, line.transport = asyncio.Event(), Mock(), Mock()
        line.conn.data_to_send.return_value = [b"pong"]
        line.writable.set()
        line.handle_ping()
        line.pause_writing()
        line.handle_ping()
        line.resume_writing()
        line.handle_ping()
        assert line.transport.write.call_args_list == [call(b"pong")] * 2
        assert line.conn.data_to_send.call_count == 3


class TestATextThatIsWrittenAtOnce:
    @pytest.fixture
    def line(self) -> LingeringProtocol:
        """An open line to a client that reads, with nothing between it and the application."""
        line = object.__new__(LingeringProtocol)
        line.writable, line.conn, line.transport = asyncio.Event(), Mock(), Mock()
        line.conn.state, line.conn.extensions, line.close_sent, line.is_direct = State.OPEN, [], False, True
        line.transport.is_closing.return_value = False
        line.writable.set()
        return line

    @pytest.mark.parametrize("text", ["", "é" * 100, "x" * 70_000])
    def test_is_a_frame_that_a_client_reads(self, line: LingeringProtocol, text: str):
        assert line.write_text(text)
        (written,) = line.transport.write.call_args.args
        client = ClientProtocol(parse_uri("ws://x/"))
        client.state = State.OPEN
        client.reader.feed_data(written)
        client.parser = client.parse()
        next(client.parser)
        (frame,) = client.events_received()
        assert isinstance(frame, Frame)
        assert (frame.opcode, frame.fin, bytes(frame.data).decode()) == (Opcode.TEXT, True, text)

    @pytest.mark.parametrize(
        "hinder",
        [
            lambda line: line.pause_writing(),
            lambda line: line.conn.extensions.append("compression"),
            lambda line: setattr(line, "is_direct", False),
            lambda line: setattr(line, "close_sent", True),
            lambda line: setattr(line.conn, "state", State.CLOSING),
            lambda line: line.transport.is_closing.configure_mock(return_value=True),
        ],
    )
    def test_takes_the_usual_way_where_it_may_not_be_written(self, line: LingeringProtocol, hinder):
        hinder(line)
        assert not line.write_text("x")
        line.transport.write.assert_not_called()


class TestAnUpgrade:
    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            (upgrade(method="POST"), 405),
            (upgrade("Content-Length: 1") + b"x", 400),
            (upgrade("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), 400),
            (upgrade(query="token=x"), 401),
            (upgrade().replace(b"/ws?", b"/nowhere?"), 403),
        ],
    )
    async def test_that_cannot_be_granted_is_answered_and_closed(self, server: Command, sent: bytes, answer: int):
        assert status(await ask(server, sent)) == answer
