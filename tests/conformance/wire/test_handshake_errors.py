"""What a refusal of the upgrade says: its status, what the server says, and what to look at first."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus, NegotiationError
from websockets.http11 import Response

from conformance.target.access import Access
from conformance.target.access.proxies import Proxies
from conformance.target.secrets import Secrets
from conformance.wire.handshake_errors import CAUSES, SHOWN, Refused, refused
from conformance.wire.open_connection import open_connection
from tests.doubles.answers import PIECE, answering, endless, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.spec import Spec

SECRET = "correct-horse-battery-staple"
HEAD = b"HTTP/1.1 401 Unauthorized\r\n"


def refusal(status: int, body: str = "", **headers: str) -> Refused:
    given = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    error = InvalidStatus(Response(status, "No", given, body.encode()))
    return refused(error, "wss://chat.example/ws", 1.0, Secrets(SECRET).redact)


@pytest.mark.parametrize("status", [401, 403])
def test_the_likely_causes_come_in_order_and_the_secret_is_not_the_first(status: int) -> None:
    advice = refusal(status).advice
    assert advice == CAUSES
    places = [advice.index(word) for word in ("path", "gateway", "origin", "secret", "clocks")]
    assert places == sorted(places)


def test_shows_the_challenge_and_the_first_line_that_says_anything() -> None:
    found = refusal(401, "\r\n  \r\nNo API key\x1b[2J found\r\nrequest id 7", WWW_Authenticate='Key realm="chat"')
    assert found.said == "WWW-Authenticate: Key realm=\"chat\"; it says 'No API key [2J found'"
    assert str(found) == f"HTTP 401; {found.said}; {CAUSES}"
    assert found.why == "HTTP 401"


def test_a_clock_that_differs_is_said_where_a_token_is_refused() -> None:
    assert refusal(401, Date="Mon, 30 Nov 2020 05:00:00 GMT").said.endswith(" s behind ours")
    assert refusal(403, Date="Mon, 30 Nov 2620 05:00:00 GMT").said.endswith(" s ahead of ours")
    assert refusal(404, Date="Mon, 30 Nov 2020 05:00:00 GMT").said == ""
    for unclear in (format_datetime(datetime.now(UTC), usegmt=True), "yesterday", "Mon, 30 Nov 2020 05:00:00 -0000"):
        assert refusal(401, Date=unclear).said == ""


def test_a_subprotocol_that_was_not_offered_names_its_section() -> None:
    found = refused(NegotiationError("unsupported subprotocol: other"), "ws://chat.example/ws", 1.0)
    assert str(found) == (
        "its answer was no WebSocket upgrade: unsupported subprotocol: other;"
        " offer the subprotocol that it wants: `subprotocols:` in the target file"
    )


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 418, 429, 500, 503, 521])
def test_every_status_says_what_to_do(status: int) -> None:
    assert refusal(status).advice


def test_a_proxy_that_wants_a_password_is_not_the_server() -> None:
    assert "proxy" in refusal(407).advice


def test_secrets_are_removed_before_a_text_is_cut() -> None:
    for length in range(SHOWN - len(SECRET), SHOWN + 1):
        found = refusal(403, "x" * length + SECRET, WWW_Authenticate="x" * length + SECRET)
        assert SECRET[:3] not in found.said
        assert SECRET[:3] not in refusal(302, "", Location="ws://" + "x" * length + SECRET).why


@pytest.mark.parametrize(
    "pieces",
    [
        endless(HEAD + b"Connection: close\r\n\r\n", b"x" * PIECE),
        endless(HEAD + b"\r\n", b"x", 0.02),
        endless(HEAD, b"X: y\r\n", 0.02),
        endless(HEAD, b"X: y\r\n"),
        endless(HEAD, b"X" * PIECE),
        response(b"x" * 2_000_000, "401 Unauthorized"),
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
    ids=["body", "slow body", "slow headers", "headers", "line", "large body", "no HTTP", "nothing"],
)
async def test_an_answer_without_end_or_measure_is_a_refusal(
    spec: Spec, pieces: bytes | Callable[[], Iterable[bytes | float]]
) -> None:
    async with answering(pieces) as server:
        url = server.url.replace("http", "ws")
        outcome = await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=0.5)
    assert isinstance(outcome, Refused)
    assert outcome.status is None


@pytest.mark.parametrize(
    ("answer", "prompt", "late"),
    [
        (response(b"", "408 Request Timeout"), 60.0, True),
        (b"", -1.0, True),
        (b"", 60.0, False),
        (response(b"", "401 Unauthorized"), -1.0, False),
    ],
    ids=["it says so", "it hangs up on a late request", "on a prompt one", "it refuses a late one"],
)
async def test_a_gateway_that_waited_too_long_for_the_request_refuses_nothing(
    spec: Spec, monkeypatch: pytest.MonkeyPatch, answer: bytes, prompt: float, late: bool
) -> None:
    """HAProxy's `timeout http-request`, nginx's `client_header_timeout`: on a busy machine our request may be late."""
    monkeypatch.setattr("conformance.wire.open_connection.PROMPT", prompt)
    async with answering(answer) as gateway:
        url = gateway.url.replace("http", "ws")
        outcome = await open_connection("alice", url, spec.protocol, spec.outgoing, timeout=60)
    assert isinstance(outcome, Refused)
    assert outcome.late is late


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (9, "clock"),
        (10, "renewed"),
        (62, "server_name"),
        (64, "server_name"),
        (18, "tls: {ca: "),
        (20, "SSL_CERT_FILE"),
    ],
)
def test_what_to_do_about_a_certificate_depends_on_what_is_wrong_with_it(code: int, word: str) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "no"
    assert word in refused(error, "wss://chat.example/ws", 1.0).advice


def test_a_server_that_hangs_up_after_tls_may_want_a_certificate_of_the_client() -> None:
    assert "tls: {cert, key}" in refused(EOFError(), "wss://chat.example/ws", 1.0).advice
    assert "wss://" in refused(EOFError(), "ws://chat.example/ws", 1.0).advice


@pytest.mark.parametrize(
    ("status", "word"), [(407, "user name"), (502, "reach the server"), (403, "allow"), (301, "allow")]
)
async def test_a_proxy_that_refuses_is_told_from_the_server(spec: Spec, status: int, word: str) -> None:
    async with answering(response(b"", f"{status} No")) as proxy:
        outcome = await through(proxy.url, spec)
    assert outcome.why.startswith(f"the proxy answers with HTTP {status}")
    assert word in outcome.advice


@pytest.mark.parametrize(
    ("answers", "why", "advice"),
    [
        (
            [b"\x05\x00", b"\x05\x02\x00\x01" + bytes(6)],
            "Connection not allowed by ruleset",
            "does it allow that address?",
        ),
        (
            [b"\x05\x00", b"\x05\x05\x00\x01" + bytes(6)],
            "Connection refused by destination host",
            "as the proxy sees it?",
        ),
        ([b"\x05\xff"], "No acceptable authentication methods were offered", "it wants a user name and password"),
    ],
    ids=["not allowed", "refused", "no user"],
)
async def test_a_socks_proxy_that_refuses_says_why(spec: Spec, answers: list[bytes], why: str, advice: str) -> None:
    pytest.importorskip("python_socks")
    over = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(1024)
            writer.write(answer)
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        host, port = proxy.sockets[0].getsockname()
        outcome = await through(f"socks5h://{host}:{port}", spec)
        async with asyncio.timeout(60):
            await over.wait()
    assert outcome.why.startswith(f"the proxy does not lead there: {why}")
    assert advice in outcome.advice


async def test_a_proxy_that_hangs_up_leaves_no_traceback(spec: Spec, caplog: pytest.LogCaptureFixture) -> None:
    async with answering(b"") as proxy:
        outcome = await through(proxy.url, spec)
        await asyncio.sleep(0)  # The event loop tells the transport that it is closed.
    assert "is the proxy's address right?" in outcome.advice
    assert not [one for one in caplog.records if one.name == "asyncio"]


async def through(proxy: str, spec: Spec) -> Refused:
    access = Access(proxies=Proxies(proxy))
    opened = await open_connection("a", "ws://chat.example/ws", spec.protocol, spec.outgoing, timeout=5, access=access)
    assert isinstance(opened, Refused)
    return opened
