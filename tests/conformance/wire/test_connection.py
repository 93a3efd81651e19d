"""One connection: a log that the server can never block, a barrier that counts, and how it ended."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from conformance.wire.connection import Connection
from conformance.wire.handshake import Handshake
from conformance.wire.handshake_errors import Refused
from conformance.wire.open_connection import open_connection
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

ELSE = '{"type": "NewMessage", "content": "wait"}'
PONG = '{"type": "Pong"}'


async def connected(spec: Spec, url: str, timeout: float = 2.0) -> Connection:
    opened = await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=timeout)
    assert isinstance(opened, Connection)
    return opened


class TestBarrier:
    async def test_counts_replies_that_carry_no_token(self, spec: Spec) -> None:
        """Three ask, and two are answered: the first two."""

        async def talk(socket: ServerConnection) -> None:
            for _ in range(2):
                await socket.recv()
                await socket.send(PONG)
            await socket.wait_closed()

        async with listening(talk) as url:
            connection = await connected(spec, url)
            answers = await asyncio.gather(*(connection.barrier(timeout) for timeout in (2.0, 2.0, 0.2)))
            assert answers == [True, True, False]
            assert connection.barriers == connection.claimed == {0, 1}
            await connection.close()

    async def test_does_not_take_the_reply_of_somebody_elses_ping(self, spec: Spec) -> None:
        async def talk(socket: ServerConnection) -> None:
            async for _ in socket:
                await socket.send(PONG)

        async with listening(talk) as url:
            connection = await connected(spec, url)
            await connection.send_frame({"type": "Ping"})
            assert await connection.barrier(2.0)
            assert (len(connection.log), connection.barriers) == (2, {1})
            await connection.close()

    async def test_without_a_reply_is_false(self, spec: Spec) -> None:
        async def talk(socket: ServerConnection) -> None:
            await socket.wait_closed()

        async with listening(talk) as url:
            connection = await connected(spec, url)
            assert not await connection.barrier(0.05)
            await connection.close()
            assert not await connection.barrier(5.0)
            assert not connection.lags

    async def test_waits_on_for_a_server_that_is_slow_and_not_silent(self, spec: Spec) -> None:
        """It has a lot to say first: longer than the wait, and never a whole wait without a word."""
        said = asyncio.Event()

        async def talk(socket: ServerConnection) -> None:
            await socket.recv()
            for _ in range(7):
                await socket.send(ELSE)
                await asyncio.sleep(0.2)
            said.set()
            await socket.send(PONG)
            await socket.wait_closed()

        async with listening(talk) as url:
            connection = await connected(spec, url)
            assert await connection.barrier(1.0)
            assert said.is_set()
            await connection.close()

    async def test_does_not_wait_for_ever_for_a_server_that_only_talks(self, spec: Spec) -> None:
        async def talk(socket: ServerConnection) -> None:
            async for _ in socket:
                while True:
                    await socket.send(ELSE)
                    await asyncio.sleep(0.01)

        async with listening(talk) as url:
            connection = await connected(spec, url)
            async with asyncio.timeout(60):
                assert not await connection.barrier(0.05)
            assert connection.lags
            await connection.drop()


async def test_reads_on_though_nobody_looks(spec: Spec) -> None:
    """A server that has much to say is never kept waiting by us."""

    async def talk(socket: ServerConnection) -> None:
        for _ in range(5000):
            await socket.send(PONG)
        await socket.close()

    async with listening(talk) as url:
        connection = await connected(spec, url)
        await connection.until(lambda: False, 10.0)
        assert len(connection.log) == 5000
        assert connection.closed is not None
        assert connection.closed.code == 1000


async def test_a_flood_is_cut_off_at_the_cap(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.wire.frame_budget.MAX_LOG", 100_000)

    async def talk(socket: ServerConnection) -> None:
        while True:
            await socket.send(PONG)
            await asyncio.sleep(0)

    async with listening(talk) as url:
        connection = await connected(spec, url)
        await connection.until(lambda: False, 10.0)
        assert "more than 100,000 bytes" in str(connection.closed)
        assert len(connection.log) < 200


async def test_a_flood_of_pings_is_cut_off(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.wire.events.MOST_PINGS", 100)
    monkeypatch.setattr("conformance.wire.open_connection.CLOSING", 0.05)

    async def talk(socket: ServerConnection) -> None:
        socket.transport.pause_reading()  # type: ignore[attr-defined] # it never sees our close frame
        while not socket.transport.is_closing():
            socket.transport.write(b"\x89\x00")
            await asyncio.sleep(0)

    async with listening(talk) as url:
        connection = await connected(spec, url)
        assert await connection.until(lambda: connection.closed is not None, 60.0)
    assert str(connection.closed) == "dropped without a close frame (the server sent more than 100 pings)"


@pytest.mark.parametrize(("code", "said"), [(1000, "closed with 1000"), (4408, "closed with 4408")])
async def test_says_with_which_code_the_server_closed(spec: Spec, code: int, said: str) -> None:
    async with listening(lambda socket: socket.close(code)) as url:
        connection = await connected(spec, url)
        await connection.until(lambda: False, 5.0)
        assert str(connection.closed) == said
        await connection.close()


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b"\x88\x02\x11\x38", "closed with 4408"),
        (b"\x88\x02\x00\x00", "dropped without a close frame (the server broke"),
    ],
    ids=["a close frame", "an unlawful one"],
)
async def test_is_closed_soon_though_the_server_keeps_tcp_open(
    spec: Spec, monkeypatch: pytest.MonkeyPatch, frame: bytes, said: str
) -> None:
    monkeypatch.setattr("conformance.wire.open_connection.CLOSING", 0.05)
    over = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        socket.transport.pause_reading()  # type: ignore[attr-defined] # its own closing handshake never ends
        socket.transport.write(frame)
        await over.wait()

    async with listening(talk) as url:
        connection = await connected(spec, url)
        assert await connection.until(lambda: connection.closed is not None, 60.0)
        over.set()
    assert str(connection.closed).startswith(said)


async def test_sending_on_a_closed_connection_says_nothing(spec: Spec) -> None:
    async with listening(lambda socket: socket.close(1011)) as url:
        connection = await connected(spec, url)
        await connection.until(lambda: False, 5.0)
        await connection.send_frame({"type": "Ping"})
        await connection.send_bytes(b"\x00")


async def test_an_address_that_is_none_is_refused(spec: Spec) -> None:
    refused = await open_connection("alice", "nonsense", spec.protocol, spec.outgoing, timeout=1.0)
    assert isinstance(refused, Refused)
    assert refused.status is None


async def test_a_frame_that_is_written_while_the_connection_ends_is_lost_and_no_error(spec: Spec) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.close()

    async with listening(talk) as url:
        connection = await connected(spec, url)
        for _ in range(50):  # at every stage of the closing handshake
            connection.send_wire(0, b"the rest")
            connection.keep_alive()
            await asyncio.sleep(0)
        await connection.close()
        connection.send_wire(0, b"the rest")
        assert not connection.keep_alive()


async def test_a_drop_of_ours_is_not_the_servers(spec: Spec) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with listening(talk) as url:
        connection = await connected(spec, url)
        await connection.drop()
        assert connection.closed is not None
        assert (connection.closed.code, connection.closed.ours) == (None, True)


async def test_a_wait_is_longer_by_as_much_as_this_process_was_late(spec: Spec) -> None:
    asked = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        await asked.wait()
        await socket.send(ELSE)
        await socket.wait_closed()

    async with listening(talk) as url:
        connection = await connected(spec, url)
        loop = asyncio.get_running_loop()
        loop.call_soon(time.sleep, 0.5)  # The machine is busy with something else for longer than the wait is.
        loop.call_later(0.55, asked.set)
        assert await connection.until(lambda: bool(connection.log), 0.3)
        await connection.close()


async def test_who_does_not_read_closes_the_window_of_the_server(spec: Spec) -> None:
    sent = 100
    full: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.set_write_buffer_limits(1 << 22)  # What the kernel does not take waits here.
        for _ in range(sent):
            await socket.send(ELSE.replace("wait", "w" * 4000))
        full.set_result(socket.transport.get_write_buffer_size())
        await socket.recv()
        await socket.send(PONG)
        await socket.wait_closed()

    async with listening(talk) as url:
        small = Handshake(small_buffers=True)
        opened = await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=60.0, handshake=small)
        assert isinstance(opened, Connection)
        opened.stop_reading()
        await opened.send_text("go")
        assert await full > 200_000
        assert not opened.log
        assert not await opened.barrier(2.0)  # Its reply could not be seen.
        opened.resume_reading()
        assert await opened.barrier(5.0)
        assert len(opened.log) == sent + 1
        await opened.close()


async def test_who_does_not_read_leaves_by_a_reset(spec: Spec) -> None:
    async with listening(lambda socket: socket.wait_closed()) as url:
        connection = await connected(spec, url)
        connection.stop_reading()
        await connection.close()
        assert (connection.closed.code, connection.closed.ours) == (None, True)  # type: ignore[union-attr]


@pytest.mark.parametrize("url", ["nonsense", "ws://127.0.0.1:1/"])
async def test_small_buffers_change_nothing_of_a_refusal(spec: Spec, url: str) -> None:
    small = Handshake(small_buffers=True)
    refused = await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=1.0, handshake=small)
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_offers_compression_and_takes_a_no(spec: Spec, compression: str | None) -> None:
    heard: list[str] = []

    async def talk(socket: ServerConnection) -> None:
        assert socket.request is not None
        heard.extend(socket.request.headers[name] for name in ("Sec-WebSocket-Extensions", "X-Mine", "Connection"))
        async for _ in socket:
            await socket.send(PONG)

    async with listening(talk, compression=compression) as url:
        offer = Handshake(compression=True, headers={"X-Mine": "yes", "Connection": "keep-alive, Upgrade"})
        opened = await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=60.0, handshake=offer)
        assert isinstance(opened, Connection)
        assert await opened.barrier(2.0)
        await opened.close()
    assert heard == ["permessage-deflate; client_max_window_bits", "yes", "keep-alive, Upgrade"]


@pytest.mark.parametrize(
    ("url", "origin", "sent"),
    [
        ("ws://chat.example:8000/ws", None, None),
        ("ws://chat.example:8000/ws", "https://elsewhere.example", "https://elsewhere.example"),
        ("ws://chat.example:8000/ws?token=x", "own", "http://chat.example:8000"),
        ("wss://chat.example/ws", "own", "https://chat.example"),
    ],
)
def test_a_page_of_the_server_itself_has_its_origin(url: str, origin: str | None, sent: str | None) -> None:
    assert Handshake(origin).origin_at(url) == sent
