"""Wrongs that a browser meets: it offers to compress messages, and says where its page comes from."""

import zlib
from dataclasses import replace

from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from reference_server import serving, session
from tests.faults.registry import Patch, fault


def _accept(patch: Patch) -> None:
    """Accept the offer of a client to compress messages, as a sound server may."""
    patch.rewrite(serving.build_server, "ws_per_message_deflate=False", "ws_per_message_deflate=True")


def _offers(request) -> bool:
    return "permessage-deflate" in request.headers.get("Sec-WebSocket-Extensions", "")


@fault(breaks=["CONN-18"])
def compression_is_accepted_and_not_understood(patch: Patch) -> None:
    """The upgrade says yes to compressed messages, and the first one that comes ends the connection."""

    @patch.around(ServerProtocol, "accept")
    def accept(original, self, request):
        response = original(self, request)
        if _offers(request):
            response.headers["Sec-WebSocket-Extensions"] = "permessage-deflate"
        return response


@fault(breaks=["CONN-18"])
def compression_is_declined_and_done(patch: Patch) -> None:
    """Whoever has offered to compress gets compressed messages, although the upgrade did not agree to it."""

    @patch.around(ServerProtocol, "accept")
    def accept(original, self, request):
        response = original(self, request)
        if _offers(request):
            self.extensions = [PerMessageDeflate(False, False, 15, 15)]
        return response


@fault(breaks=["CONN-18"])
def compressed_messages_are_read_alone(patch: Patch) -> None:
    """Each compressed message is read as if it were the first one, although the context was agreed on."""
    _accept(patch)

    @patch.around(PerMessageDeflate, "decode")
    def decode(original, self, frame, *, max_size=None):
        self.decoder = zlib.decompressobj(wbits=-self.remote_max_window_bits)
        return original(self, frame, max_size=max_size)


@fault(breaks=["CONN-18"])
def compressed_messages_are_written_with_a_tail(patch: Patch) -> None:
    """The four bytes that end a compressed message stay in it (RFC 7692 section 7.2.1 takes them off)."""
    _accept(patch)

    @patch.around(PerMessageDeflate, "encode")
    def encode(original, self, frame):
        encoded = original(self, frame)
        garbage = b"\xff\xff" if encoded.rsv1 else b""
        return Frame(encoded.opcode, bytes(encoded.data) + garbage, encoded.fin, encoded.rsv1)


@fault(breaks=["CONN-18"])
def long_compressed_messages_are_cut(patch: Patch) -> None:
    """What decompresses to more than a kilobyte is cut there."""
    _accept(patch)

    @patch.around(PerMessageDeflate, "decode")
    def decode(original, self, frame, *, max_size=None):
        plain = original(self, frame, max_size=max_size)
        cut = frame.rsv1 and len(plain.data) > 1024
        return replace(plain, data=bytes(plain.data[:1024]) + b'"}') if cut else plain


@fault(breaks=["CONN-18"])
def compression_with_a_wrong_parameter(patch: Patch) -> None:
    """The upgrade agrees to a window that RFC 7692 does not have, and the browser gives up."""
    _accept(patch)

    @patch.around(ServerPerMessageDeflateFactory, "process_request_params")
    def process(original, self, params, accepted):
        _, extension = original(self, params, accepted)
        return [("server_max_window_bits", "7")], extension


@fault(breaks=["CONN-18"])
def offers_to_compress_are_refused(patch: Patch) -> None:
    """An upgrade that offers an extension is refused, instead of being accepted without it."""

    @patch.around(ServerProtocol, "accept")
    def accept(original, self, request):
        return self.reject(400, "No extensions.") if _offers(request) else original(self, request)


@fault(breaks=["CONN-6"])
def compressed_messages_over_the_limit_vanish(patch: Patch) -> None:
    """A message that is over the limit only when it has been decompressed is dropped in silence."""
    _accept(patch)

    @patch.around(PerMessageDeflate, "decode")
    def decode(original, self, frame, *, max_size=None):
        plain = original(self, frame)
        return Frame(Opcode.PONG, b"") if len(plain.data) > 65536 else plain


@fault(breaks=["CONN-19"])
def every_origin_is_refused(patch: Patch) -> None:
    """An upgrade with an Origin is refused, whatever it says."""

    @patch.around(ServerProtocol, "accept")
    def accept(original, self, request):
        return self.reject(403, "No browsers.") if "Origin" in request.headers else original(self, request)


@fault(breaks=["CONN-1"])
def cookies_are_refused(patch: Patch) -> None:
    """An upgrade with a cookie is refused."""

    @patch.around(ServerProtocol, "accept")
    def accept(original, self, request):
        return self.reject(400, "No cookies.") if "Cookie" in request.headers else original(self, request)


def _refuse_unless(patch: Patch, name: str, value: str) -> None:
    """Refuse an upgrade unless a header is written in one way."""

    @patch.around(session, "serve")
    async def serve(original, instance, websocket):
        if websocket.headers.get(name) == value:
            await original(instance, websocket)
        else:
            await session._deny(websocket, 400, "This is no upgrade.")


@fault(breaks=["CONN-1"])
def connection_header_is_upgrade_alone(patch: Patch) -> None:
    """An upgrade whose header Connection is a list, as Firefox writes it, is refused."""
    _refuse_unless(patch, "connection", "Upgrade")


@fault(breaks=["CONN-1"])
def upgrade_header_in_small_letters(patch: Patch) -> None:
    """An upgrade to WebSocket in capitals is refused."""
    _refuse_unless(patch, "upgrade", "websocket")
