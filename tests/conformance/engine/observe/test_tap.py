"""The copy of one direction: messages are put together and inflated, within bounds."""

from __future__ import annotations

import zlib

import pytest
from websockets.frames import Frame, Opcode

from conformance.engine.observe import tap as module
from conformance.engine.observe.tap import Blind, Control, Deflate, Held, Message, Tap, agreed


def sent(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=False) for frame in frames)


def compressed(data: bytes) -> bytes:
    """A text frame with RSV1, which says that it is deflated."""
    return bytes([0xC1]) + sent(Frame(Opcode.TEXT, data))[1:]


def deflated(text: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return compressed((coder.compress(text) + coder.flush(zlib.Z_SYNC_FLUSH))[:-4])


def test_fragments_make_one_message_whatever_comes_between() -> None:
    wire = sent(
        Frame(Opcode.TEXT, b"on", fin=False),
        Frame(Opcode.PING, b"?"),
        Frame(Opcode.CONT, b"e"),
        Frame(Opcode.BINARY, b"2"),
    )
    tap = Tap("server")
    found = [event for byte in wire for event in tap.feed(bytes([byte]))]
    assert found == [Control(Opcode.PING, "WebSocket ping, 1 bytes"), Message("one"), Message(b"2")]


def test_masked_frames_of_a_client_are_read() -> None:
    assert Tap("client").feed(Frame(Opcode.TEXT, b"hello").serialize(mask=True)) == [Message("hello")]


def test_text_that_is_no_utf8_is_bytes_with_a_problem() -> None:
    assert Tap("server").feed(sent(Frame(Opcode.TEXT, b"\xff"))) == [Message(b"\xff", "its text is not UTF-8")]


def test_a_close_frame_tells_its_code() -> None:
    assert Tap("server").feed(sent(Frame(Opcode.CLOSE, b"\x0f\xa1why"))) == [Control(Opcode.CLOSE, "closed with 4001")]


@pytest.mark.parametrize(
    "wire",
    [
        sent(Frame(Opcode.CONT, b"!")),
        sent(Frame(Opcode.TEXT, b"1", fin=False), Frame(Opcode.TEXT, b"2")),
        Frame(Opcode.TEXT, b"masked").serialize(mask=True),
        b"\xff\x00",
    ],
    ids=["a continuation of nothing", "a message in a message", "masked by a server", "no frame"],
)
def test_what_breaks_rfc_6455_ends_the_looking_and_says_so(wire: bytes) -> None:
    tap = Tap("server")
    (found,) = tap.feed(wire)
    assert isinstance(found, Blind)
    assert found.reason.startswith("it breaks RFC 6455: ")
    assert tap.feed(sent(Frame(Opcode.TEXT, b"more"))) == []


class TestCompression:
    def test_each_message_is_inflated(self) -> None:
        tap = Tap("server", Deflate(server_resets=True))
        assert tap.feed(deflated(b"one") + sent(Frame(Opcode.TEXT, b"two")) + deflated(b"one")) == [
            Message("one"),
            Message("two"),
            Message("one"),
        ]

    def test_a_bomb_is_not_inflated_beyond_the_bound(self) -> None:
        (found,) = Tap("server", Deflate()).feed(deflated(b"x" * 50_000_000))
        assert found == Blind(f"a message of more than {module.MAX_MESSAGE:,} bytes passed")

    def test_what_cannot_be_inflated_ends_the_looking(self) -> None:
        (found,) = Tap("server", Deflate()).feed(compressed(b"\xff\xff"))
        assert found == Blind("it breaks RFC 6455: decompression failed")

    def test_what_both_agreed_on_is_read_from_the_servers_header(self) -> None:
        assert agreed("") is None
        assert agreed("permessage-deflate") == Deflate()
        header = "permessage-deflate; server_no_context_takeover; client_max_window_bits=10"
        assert agreed(header) == Deflate(server_resets=True, client_bits=10)

    @pytest.mark.parametrize("header", ["permessage-deflate; server_max_window_bits=99", "x-odd", "=", "a, b"])
    def test_what_cannot_be_looked_into_is_told(self, header: str) -> None:
        with pytest.raises(ValueError, match=r"they agreed|cannot be read"):
            agreed(header)


class TestBounds:
    def test_a_frame_that_is_announced_too_large_is_not_waited_for(self) -> None:
        (found,) = Tap("server").feed(b"\x81\x7f" + (1 << 40).to_bytes(8, "big"))
        assert found == Blind(f"a message of more than {module.MAX_MESSAGE:,} bytes passed")

    def test_fragments_without_an_end_are_not_kept(self) -> None:
        tap = Tap("server")
        found = tap.feed(sent(Frame(Opcode.TEXT, b"", fin=False), *[Frame(Opcode.CONT, b"", fin=False)] * 20_000))
        assert found == [Blind(f"a message of more than {module.MAX_MESSAGE:,} bytes passed")]

    def test_all_together_hold_little(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_HELD", 300_000)
        held = Held()
        taps = [Tap("server", held=held) for _ in range(4)]
        half = sent(Frame(Opcode.TEXT, b"x" * 200_000))[:100_000]
        found = [event for tap in taps for event in tap.feed(half)]
        assert found == [Blind("too many large messages passed at once")]
        assert 200_000 < held.bytes <= 300_000
        for tap in taps:
            tap.close()
        assert held.bytes == 0
