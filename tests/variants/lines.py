"""How bytes travel: handshakes, segments, fragments, pings, HTTP."""

import asyncio
import random

from starlette.websockets import WebSocket
from websockets.frames import Frame, Opcode

from reference_server import session, transport
from reference_server.transport import LingeringProtocol
from tests.variants.registry import Patch, variant

FRAMING = ["CONN-6", "CONN-7", "CONN-9", "CONN-10", "SEND-1", "PING-2"]
COOKIES = [(b"Set-Cookie", b"session=%d; Path=/; HttpOnly" % number) for number in range(3)]
HEADERS = [(b"X-Request-Id", b"7f"), (b"Strict-Transport-Security", b"max-age=1"), (b"X-Long", b"a" * 4000), *COOKIES]
PAGE = "<!DOCTYPE html><html><body><h1>Sign in</h1>" + "<p>Nobody may pass here.</p>" * 500 + "</body></html>"


def _write_otherwise(patch: Patch, write) -> None:
    """Let the bytes of every WebSocket go through `write(original, data)`, one for each connection."""

    @patch.around(LingeringProtocol, "connection_made")
    def connection_made(original, protocol, given):
        original(protocol, given)
        protocol.transport = _Transport(given, write())

    class _Transport:
        def __init__(self, given, write):
            self._given, self._write = given, write

        def write(self, data):
            self._write(self._given.write, data)

        def __getattr__(self, name):
            return getattr(self._given, name)


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


@variant(about=FRAMING)
def bytes_in_small_segments(patch: Patch) -> None:
    """TCP may cut anywhere, also within the head of a frame."""

    def cut(write, data):
        for at in range(min(len(data), 12)):
            write(data[at : at + 1])
        write(data[12:])

    _write_otherwise(patch, lambda: cut)


@variant(about=FRAMING)
def texts_in_fragments(patch: Patch) -> None:
    """A server may send a text in fragments, cut within a character."""
    _frame_otherwise(patch, lambda data: _fragments(data, 7))


@variant(about=["PING-2"])
def pings_with_payload(patch: Patch) -> None:
    """A server's pings may carry 125 bytes of anything."""

    def frames(data):
        yield Opcode.PING, bytes(random.randrange(256) for _ in range(125)), True
        yield Opcode.TEXT, data, True

    _frame_otherwise(patch, frames)


@variant(about=["AUTH-1", "AUTH-3", "AUTH-5"])
def refused_with_a_page(patch: Patch) -> None:
    """What stands below a 401 may be a page for people."""
    patch.around(session, "JSONResponse")(
        lambda _, content, status, headers: session.HTMLResponse(PAGE, status, {"WWW-Authenticate": "Bearer"})
    )
    session.HTMLResponse = __import__("starlette.responses").responses.HTMLResponse
