"""How bytes travel: handshakes, segments, fragments, pings, HTTP."""

import asyncio
import random
from functools import partial

from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets import websockets_sansio_impl
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode

from reference_server import connection, serving, session, transport
from reference_server.connection import Connection
from reference_server.transport import LingeringProtocol, line_of
from tests.variants.registry import Patch, variant

CLOSE = b"\x88"
"""The first byte of a close frame."""
FRAMING = ["CONN-6", "CONN-7", "CONN-9", "CONN-10", "SEND-1", "PING-2"]
COOKIES = [(b"Set-Cookie", b"session=%d; Path=/; HttpOnly" % number) for number in range(3)]
HEADERS = [(b"X-Request-Id", b"7f"), (b"Strict-Transport-Security", b"max-age=1"), (b"X-Long", b"a" * 4000), *COOKIES]
PAGE = "<!DOCTYPE html><html><body><h1>Sign in</h1>" + "<p>Nobody may pass here.</p>" * 500 + "</body></html>"


class _Transport:
    """A transport that writes otherwise."""

    def __init__(self, given, write):
        self._given, self._write = given, write

    def write(self, data):
        self._write(self._given.write, data)

    def __getattr__(self, name):
        return getattr(self._given, name)


def _write_otherwise(patch: Patch, write) -> None:
    """Let the bytes of every WebSocket go through `write(original, data)`, one for each connection."""

    @patch.around(LingeringProtocol, "connection_made")
    def connection_made(original, protocol, given):
        original(protocol, given)
        protocol.transport = _Transport(given, write())


def _frame_otherwise(patch: Patch, frames) -> None:
    """Let each text leave as several frames: (opcode, bytes, whether it is the last)."""

    def text_frame(text):
        return b"".join(
            Frame(opcode, data, fin=fin).serialize(mask=False) for opcode, data, fin in frames(text.encode())
        )

    patch(transport, "text_frame", text_frame)


def _fragments(data: bytes, size: int):
    size = max(size, len(data) // 50)
    pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    for number, piece in enumerate(pieces):
        yield Opcode.CONT if number else Opcode.TEXT, piece, number == len(pieces) - 1


@variant(about=["CONN-1"])
def many_headers_in_the_upgrade(patch: Patch) -> None:
    """The answer to the upgrade may have headers of a gateway, cookies and long ones."""
    patch.around(WebSocket, "accept")(lambda original, websocket, **_: original(websocket, headers=HEADERS))


@variant(about=["CONN-1", "AUTH-1"])
def header_names_in_upper_case(patch: Patch) -> None:
    """Names of headers have no case, and the reason phrase no meaning."""

    def upper(write, data):
        if data.startswith(b"HTTP/1.1 "):
            head, blank, body = data.partition(b"\r\n\r\n")
            first, *rest = head.split(b"\r\n")
            names = [name.upper() + colon + value for name, colon, value in (one.partition(b":") for one in rest)]
            data = b"\r\n".join([b" ".join(first.split(b" ")[:2]) + b" OK then", *names]) + blank + body
        write(data)

    _write_otherwise(patch, lambda: upper)


@variant(about=["CONN-1", "CONN-8"])
def slow_handshake(patch: Patch) -> None:
    """A server may take its time before it answers an upgrade."""

    @patch.around(session, "_converse")
    async def converse(original, *given):
        await asyncio.sleep(0.2)
        await original(*given)


@variant(about=["CONN-1", "AUTH-1"])
def greeting_comes_with_the_upgrade(patch: Patch) -> None:
    """The greeting may come in the same segment as the answer to the upgrade."""

    def together():
        held = []

        def write(really, data):
            held.append(data)
            if not data.startswith(b"HTTP/1.1 101"):
                really(b"".join(held))
                held.clear()

        return write

    _write_otherwise(patch, together)


@variant(about=FRAMING)
def bytes_in_small_segments(patch: Patch) -> None:
    """TCP may cut anywhere, also within the head of a frame."""

    def cut(write, data):
        for at in range(min(len(data), 12)):
            write(data[at : at + 1])
        write(data[12:])

    _write_otherwise(patch, lambda: cut)


def _gather():
    held = bytearray()

    def flush(really):
        really(bytes(held))
        held.clear()

    def write(really, data):
        held.extend(data)
        if data[:1] == CLOSE:  # after which the server ends its side
            flush(really)
        elif len(held) == len(data):
            asyncio.get_running_loop().call_later(0.04, lambda: held and flush(really))

    return write


@variant(about=[*FRAMING, "PING-1"])
def bytes_every_40_ms(patch: Patch) -> None:
    """A network may gather what is written for a while (Nagle, delayed ACK), and deliver it in one piece."""

    _write_otherwise(patch, _gather)


@variant(about=FRAMING)
def texts_in_fragments(patch: Patch) -> None:
    """A server may send a text in fragments, cut within a character."""
    _frame_otherwise(patch, lambda data: _fragments(data, 7))


@variant(about=FRAMING)
def pings_between_fragments(patch: Patch) -> None:
    """A server may ping between the fragments of a text."""

    def frames(data):
        for one in _fragments(data, 40):
            yield one
            yield Opcode.PING, b"between", True

    _frame_otherwise(patch, frames)


@variant(about=FRAMING)
def empty_fragments(patch: Patch) -> None:
    """A fragment may be empty, the first and the last too."""

    def frames(data):
        yield from ((Opcode.TEXT, b"", False), (Opcode.CONT, data, False), (Opcode.CONT, b"", True))

    _frame_otherwise(patch, frames)


@variant(about=["PING-2"])
def pings_with_payload(patch: Patch) -> None:
    """A server's pings may carry 125 bytes of anything."""

    def frames(data):
        yield Opcode.PING, bytes(random.randrange(256) for _ in range(125)), True
        yield Opcode.TEXT, data, True

    _frame_otherwise(patch, frames)


@variant(about=["PING-2"])
def pongs_that_nobody_asked_for(patch: Patch) -> None:
    """RFC 6455 lets either side send a pong of its own, as a heartbeat."""
    _frame_otherwise(patch, lambda data: ((Opcode.PONG, b"alive", True), (Opcode.TEXT, data, True)))


@variant(about=["CONN-18"])
def compresses_with_a_small_window(patch: Patch) -> None:
    """A server may compress with a window of 512 bytes, if the client lets it."""
    patch.rewrite(serving.build_server, "ws_per_message_deflate=False", "ws_per_message_deflate=True")
    patch(
        websockets_sansio_impl,
        "ServerPerMessageDeflateFactory",
        partial(ServerPerMessageDeflateFactory, server_max_window_bits=9),
    )


@variant(about=["AUTH-4"])
def expiry_closes_with_1000(patch: Patch) -> None:
    """A server may end the connection of an expired token like any other."""
    patch(connection, "TOKEN_EXPIRED", 1000)


@variant(about=["AUTH-4"])
def expiry_drops_the_connection(patch: Patch) -> None:
    """A server may drop the connection of an expired token without a close frame."""

    @patch.around(Connection, "hang_up")
    def hang_up(original, self, code, reason):
        if code == connection.TOKEN_EXPIRED:
            line_of(self._websocket).cut()
        else:
            original(self, code, reason)


@variant(about=["AUTH-1", "AUTH-3"])
def refused_with_close_4499(patch: Patch) -> None:
    """A bad token may be refused after the upgrade with any code of 44xx and a long reason."""

    @patch.around(session, "_deny")
    async def deny(original, websocket, status, reason):
        await websocket.accept()
        await websocket.close(4499, "é" * 61)


@variant(about=["AUTH-1", "AUTH-3", "AUTH-5"])
def refused_with_a_page(patch: Patch) -> None:
    """What stands below a 401 may be a page for people."""
    patch.around(session, "JSONResponse")(
        lambda _, content, status, headers: session.HTMLResponse(PAGE, status, {"WWW-Authenticate": "Bearer"})
    )
    session.HTMLResponse = __import__("starlette.responses").responses.HTMLResponse


@variant(about=["CONN-8"])
def too_many_connections_close_with_4429(patch: Patch) -> None:
    """One connection too many may be let in and closed at once."""

    @patch.around(session, "_deny")
    async def deny(original, websocket, status, reason):
        if status != 429:
            await original(websocket, status, reason)
            return
        await websocket.accept()
        await websocket.close(4429, reason)


@variant(about=["PERM-*"])
def api_takes_its_time(patch: Patch) -> None:
    """The API beside the chat may be slow."""

    @patch.around(H11Protocol, "connection_made")
    def connection_made(original, protocol, given):
        given.pause_reading()
        asyncio.get_running_loop().call_later(0.1, given.resume_reading)
        original(protocol, given)


def _head_otherwise(patch: Patch, status: bytes, change) -> None:
    """Change the head and the body of an answer to an upgrade that begins with a status."""

    def write(really, data):
        head, _, body = data.partition(b"\r\n\r\n")
        really(b"".join(change(head, body)) if data.startswith(b"HTTP/1.1 " + status) else data)

    _write_otherwise(patch, lambda: write)


@variant(about=["CONN-1", "CONN-19"])
def upgrade_in_other_words(patch: Patch) -> None:
    """`Connection` may name more than one thing, and `websocket` has no case."""
    words = {b"Connection: Upgrade": b"Connection: keep-alive, Upgrade", b"Upgrade: websocket": b"Upgrade: WebSocket"}

    def change(head, body):
        lines = head.split(b"\r\n")
        return b"\r\n".join(words.get(line, line) for line in lines), b"\r\n\r\n", body

    _head_otherwise(patch, b"101", change)


@variant(about=["AUTH-1", "AUTH-3"])
def refused_in_chunks(patch: Patch) -> None:
    """What stands below a 401 may come in chunks."""

    def change(head, body):
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        yield b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""])
        yield from (b"%x\r\n%b\r\n" % (len(body), body), b"0\r\n\r\n")

    _head_otherwise(patch, b"401", change)


@variant(about=["AUTH-1", "AUTH-3"])
def refused_without_a_body(patch: Patch) -> None:
    """A 401 may have no body and no headers."""
    _head_otherwise(patch, b"401", lambda head, body: [head.split(b"\r\n")[0], b"\r\nContent-Length: 0\r\n\r\n"])


@variant(about=["AUTH-1", "AUTH-3", "CONN-8"])
def refused_and_kept_open(patch: Patch) -> None:
    """HTTP keeps a connection after a 401: it is the client who has nothing more to ask."""

    @patch.around(LingeringProtocol, "send")
    async def send(original, protocol, message):
        if message["type"] == "websocket.http.response.start":
            message["headers"] = [*message.get("headers", []), (b"connection", b"keep-alive")]
            given = protocol.transport
            protocol.transport = _Transport(given, lambda really, data: really(data))
            protocol.transport.close = lambda: asyncio.get_running_loop().call_later(5, given.close)
        await original(protocol, message)


@variant(about=["CONN-13", "LEAVE-4", "CONN-12"])
def close_is_answered_without_code(patch: Patch) -> None:
    """A close frame that answers the client's need not repeat its code."""
    _write_otherwise(patch, lambda: lambda really, data: really(b"\x88\x00" if data == b"\x88\x02\x03\xe8" else data))


@variant(about=["CONN-13", "LEAVE-4", "CONN-12", "TYPE-2", "CALL-6*"])
def close_is_answered_later(patch: Patch) -> None:
    """A server may take its time to answer a close frame."""

    @patch.around(LingeringProtocol, "handle_close")
    def handle_close(original, protocol, *event):
        asyncio.get_running_loop().call_later(0.2, original, protocol, *event)
