"""Letting in, keeping out, hanging up."""

import asyncio
import socket
from functools import partial

from uvicorn.protocols.websockets import websockets_sansio_impl
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Opcode

from reference_server import auth, connection, serving, session
from reference_server.connection import Connection
from reference_server.transport import LingeringProtocol, line_of
from tests.variants.registry import Patch, variant
from tests.variants.tools import change_settings, instead_of

REFUSALS = ["AUTH-1", "AUTH-3", "AUTH-4"]


def _close_instead(patch: Patch, code: int) -> None:
    """Let everybody in, and close the connection of who may not stay before any frame."""

    @patch.around(session, "_deny")
    async def deny(original, websocket, status, reason):
        await websocket.accept()
        await websocket.close(code, reason)


@variant(about=REFUSALS)
def refused_with_403(patch: Patch) -> None:
    """A bad token may be answered with HTTP 403."""
    patch.around(session, "_deny")(lambda original, websocket, _status, reason: original(websocket, 403, reason))


@variant(about=REFUSALS)
def refused_with_close_4401(patch: Patch) -> None:
    """A bad token may be refused after the upgrade, by a close of 44xx before any frame."""
    _close_instead(patch, 4401)


@variant(about=REFUSALS)
def refused_with_close_1008(patch: Patch) -> None:
    """A bad token may be refused after the upgrade, by close code 1008 before any frame."""
    _close_instead(patch, 1008)


@variant(about=REFUSALS)
def refused_after_a_while(patch: Patch) -> None:
    """A server may look a token up somewhere before it decides, and pause before it refuses."""

    @patch.around(session, "_deny")
    async def deny(original, websocket, status, reason):
        await asyncio.sleep(0.1)
        await original(websocket, status, reason)


@variant(about=["CONN-1", "CALL-1"])
def slow_to_greet(patch: Patch) -> None:
    """The greeting is the first frame, but nothing says that it comes at once."""
    patch.rewrite(
        session._converse,
        "connection.send(GREETING)",
        "await __import__('asyncio').sleep(0.03); connection.send(GREETING)",
    )


@variant(about=["AUTH-4"])
def expiry_closes_with_1008(patch: Patch) -> None:
    """Nothing says with which code a connection ends whose token has expired."""
    patch(connection, "TOKEN_EXPIRED", 1008)


@variant(profile={"timers": {"token_leeway": 0.0}}, about=REFUSALS)
def no_leeway(patch: Patch) -> None:
    """The leeway of a token is a profile value, and may be none."""
    change_settings(patch, token_leeway=0.0)


@variant(amber=["AUTH-3"])
def no_end_needed(patch: Patch) -> None:
    """That a token must have an end is a should rule."""
    patch.rewrite(auth.authenticate, '["exp", "sub"]', '["sub"]')
    patch.rewrite(auth.authenticate, 'claims["exp"]', 'claims.get("exp", 2**33)')


@variant(amber=["AUTH-4"])
def token_checked_once(patch: Patch) -> None:
    """That an expired token ends its connection is a should rule."""
    patch(Connection, "_watch_expiry", lambda _: None)


@variant(about=["CONN-5", "CONN-6", "CONN-6s", "CONN-7", "CONN-9"])
def binary_ignored(patch: Patch) -> None:
    """A binary frame may be ignored."""
    instead_of(patch, lambda frame: frame.get("text") is None, lambda _: None)


@variant(about=["CONN-5"])
def binary_closes_with_1003(patch: Patch) -> None:
    """A binary frame may end the connection, with the code for data that one does not take."""
    instead_of(patch, lambda frame: frame.get("text") is None, lambda one: line_of(one._websocket).hang_up(1003, ""))


@variant(about=["CONN-5"])
def binary_read_as_text(patch: Patch) -> None:
    """A server may not care in which kind of frame its JSON comes, as Go's libraries do not."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        text = frame.get("text") or (frame.get("bytes") or b"").decode(errors="replace")
        return await original(context, {"text": text})


@variant(amber=["CONN-6s"], about=["CONN-6"])
def too_big_is_dropped(patch: Patch) -> None:
    """A message over the frame limit may end with a dropped connection; 1009 is a should rule."""

    @patch.around(LingeringProtocol, "handle_parser_exception")
    def handle(original, protocol):
        if protocol.conn.close_sent.code != 1009:
            return original(protocol)
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        protocol._lingering = True
        return protocol.transport.abort()


@variant(amber=["CONN-6s"], about=["CONN-6"])
def too_big_is_an_error(patch: Patch) -> None:
    """A message over the frame limit may be answered with Error; 1009 is a should rule."""
    patch.rewrite(serving.build_server, "settings.limits.frame_bytes", "2**24")

    @patch.around(session, "parse")
    def parse(original, text):
        if len(text.encode(errors="replace")) > 65_536:
            raise session.Refused("too_large", "The frame is too large.")
        return original(text)


@variant(profile={"limits": {"frame_bytes": 1_048_576}}, about=["CONN-6", "CONN-6s", "CALL-8", "CONN-10"])
def frames_of_a_mebibyte(patch: Patch) -> None:
    """The frame limit is a profile value, and may be high."""
    change_settings(patch, limits={"frame_bytes": 1_048_576})


@variant(about=["PING-2", "CONN-9"])
def server_pings(patch: Patch) -> None:
    """A server may send WebSocket pings of its own, as often as it likes."""
    patch.rewrite(serving.build_server, "access_log=False,", "access_log=False, ws_ping_interval=0.05,")


@variant()
def small_outbox(patch: Patch) -> None:
    """A server may wait for a reader that lags before it reads on."""
    change_settings(patch, outbox_frames=300)


@variant(about=["CONN-16", "CONN-17"])
def lagging_reader_is_disconnected(patch: Patch) -> None:
    """A reader that lags by a few frames may be disconnected."""
    change_settings(patch, outbox_frames=20)


@variant(about=["CONN-16", "CONN-17"])
def lagging_reader_is_dropped(patch: Patch) -> None:
    """A reader that lags may be dropped without a close frame."""

    @patch.around(Connection, "hang_up")
    def hang_up(original, self, code, reason):
        if code != connection.READER_TOO_SLOW:
            original(self, code, reason)
            return
        self.is_open, self.hung_up = False, True
        self._drained.set()
        line_of(self._websocket).transport.abort()

    change_settings(patch, outbox_frames=30)


@variant(about=["CONN-18", "CONN-6", "CONN-7", "CONN-9"])
def accepts_compression(patch: Patch) -> None:
    """A server may accept permessage-deflate."""
    patch.rewrite(serving.build_server, "ws_per_message_deflate=False", "ws_per_message_deflate=True")


@variant(about=["CONN-18"])
def compresses_each_message_by_itself(patch: Patch) -> None:
    """A server may accept permessage-deflate without taking the context of one message over to the next."""
    patch.rewrite(serving.build_server, "ws_per_message_deflate=False", "ws_per_message_deflate=True")
    factory = partial(ServerPerMessageDeflateFactory, True, True)
    patch(websockets_sansio_impl, "ServerPerMessageDeflateFactory", factory)


@variant(about=["CONN-16", "CONN-17", "PING-5"])
def pings_must_be_answered(patch: Patch) -> None:
    """A server may drop a client that does not answer its pings, also one that does not read."""
    patch.rewrite(
        serving.build_server, "access_log=False,", "access_log=False, ws_ping_interval=1.0, ws_ping_timeout=4.0,"
    )


@variant(about=["CONN-1", "PING-2"])
def ping_before_the_greeting(patch: Patch) -> None:
    """A ping is no frame of the protocol, and may come before the greeting."""

    @patch.around(LingeringProtocol, "write_text")
    def write_text(original, protocol, text):
        if text == session.GREETING:
            protocol.conn.send_ping(b"there?")
            protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        return original(protocol, text)


@variant(about=["CONN-18", "CONN-9"])
def compresses_long_texts_only(patch: Patch) -> None:
    """A server may accept permessage-deflate and send short messages as they are, as Node's ws does."""
    patch.rewrite(serving.build_server, "ws_per_message_deflate=False", "ws_per_message_deflate=True")

    @patch.around(PerMessageDeflate, "encode")
    def encode(original, extension, frame):
        is_short = frame.opcode in (Opcode.TEXT, Opcode.BINARY) and frame.fin and len(frame.data) < 200
        return frame if is_short else original(extension, frame)


@variant(about=["CONN-8", "RATE-8"])
def too_many_connections_without_advice(patch: Patch) -> None:
    """The answer to one connection too many need not say when to come again."""
    patch.rewrite(session._deny, 'retry = {"Retry-After": RETRY_AFTER_S} if status == 429 else None', "retry = None")


@variant(about=["CONN-16", "CONN-17"])
def kernel_keeps_megabytes(patch: Patch) -> None:
    """A server's kernel may take megabytes for a client that does not read."""

    @patch.around(LingeringProtocol, "connection_made")
    def connection_made(original, protocol, transport):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        original(protocol, transport)
