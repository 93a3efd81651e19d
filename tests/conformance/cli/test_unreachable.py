"""Servers that nobody can get into, over real sockets: one line with the address, what is wrong, and what to do; 3."""

from __future__ import annotations

import importlib
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import trustme

from conformance.cli.main import main
from conformance.target.secrets import REDACTED
from conformance.wire import handshake_errors
from tests.conformance.cli.test_run import TARGET, hosted, raw_server
from tests.conformance.run_contexts import SECRET
from tests.doubles.listening import certified, listening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

CAUSES = f"; {handshake_errors.CAUSES}"
PATH = "; there is no WebSocket at this path: is the path right?"
HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202e<script>alert(1)</script>\r\n" * 5000


async def nothing(socket: ServerConnection) -> None:
    """Let in, and say nothing."""
    await socket.wait_closed()


def answer(peer: socket.socket, text: str) -> None:
    """Read the request, so that TCP does not end in a reset, and answer it with anything."""
    peer.recv(4096)
    peer.sendall(text.encode())


@pytest.fixture(scope="module")
def small_spec(whole_spec: Spec) -> Spec:
    """What is selected here and no more: every run writes pages of the whole."""
    chosen = {name: one for name, one in whole_spec.scenarios.items() if name.startswith("ping-pong.")}
    return replace(whole_spec, scenarios=chosen, probes={"greeting": whole_spec.probes["greeting"]})


@pytest.fixture(params=["run", "probe"])
def said(
    request: pytest.FixtureRequest,
    small_spec: Spec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[[str], str]]:
    """Run a verb against an address and give the one line that it says of it."""
    monkeypatch.setenv("TOY_SECRET", SECRET)
    monkeypatch.setattr(importlib.import_module(f"conformance.cli.{request.param}"), "load", lambda _: small_spec)
    before = signal.getsignal(signal.SIGTERM)

    def say(url: str) -> str:
        file = tmp_path / "toy.yaml"
        file.write_text(TARGET.format(url=url))
        words = {"run": ["ping-pong.*", "--out", str(tmp_path / "out")], "probe": ["greeting"]}[request.param]
        with pytest.raises(SystemExit) as ended:
            main([request.param, str(file), *words])
        captured = capsys.readouterr()
        assert ended.value.code == 3
        assert captured.err.count("\n") == 1
        assert captured.err[:-1].isprintable()
        assert captured.err.startswith(f"chat-parity: {url} does not let us in: ")
        return captured.err.removeprefix(f"chat-parity: {url} does not let us in: ").removesuffix("\n")

    yield say
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def self_signed() -> ssl.SSLContext:
    return certified(trustme.CA(), "127.0.0.1")


def test_where_nobody_listens(said: Callable[[str], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert said(f"ws://127.0.0.1:{port}/ws") == "nobody listens there; is the server running, and the port right?"


def test_a_name_that_does_not_exist(said: Callable[[str], str]) -> None:
    assert said("ws://nowhere.invalid/ws").endswith("; is the host spelled right?")


def test_a_certificate_that_nobody_has_signed(said: Callable[[str], str], self_signed: ssl.SSLContext) -> None:
    with hosted(listening(nothing, ssl=self_signed)) as url:
        message = said(url.replace("ws://", "wss://"))
    assert message.startswith("its certificate is not trusted: ")
    assert message.endswith(
        "; trust its authority: `tls: {ca: FILE}` in the target file, or the variable SSL_CERT_FILE"
    )


def test_tls_where_there_is_none(said: Callable[[str], str]) -> None:
    with hosted(listening(nothing)) as url:
        assert said(url.replace("ws://", "wss://")).endswith("; does it speak TLS there? if not, use ws://")


def test_no_tls_where_there_is_some(said: Callable[[str], str], self_signed: ssl.SSLContext) -> None:
    with hosted(listening(nothing, ssl=self_signed)) as url:
        assert said(url) == "it hung up, or its answer was no HTTP; a TLS port takes wss://"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, CAUSES),
        (403, CAUSES),
        (404, PATH),
        (200, PATH),
        (426, PATH),
        (502, "; something in front of the server says that it is not there"),
        (503, "; something in front of the server says that it is not there"),
        (500, "; its log may say why"),
    ],
)
def test_an_answer_that_is_no_upgrade_with_a_hostile_body(said: Callable[[str], str], status: int, advice: str) -> None:
    head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(HOSTILE.encode())}\r\n\r\n"
    with raw_server(lambda peer: answer(peer, head + HOSTILE)) as url:
        assert said(url) == f"HTTP {status}; it says '[2J ]0;owned <script>alert(1)</script>'{advice}"


def test_a_refusal_tells_what_the_gateway_says_without_the_secret(said: Callable[[str], str]) -> None:
    body = f"\r\n\r\nno key {SECRET}\r\nmore"
    head = (
        "HTTP/1.1 401 No\r\n"
        f'WWW-Authenticate: Key realm="{SECRET}"\r\n'
        "WWW-Authenticate: Basic\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with raw_server(lambda peer: answer(peer, head + body)) as url:
        message = said(url)
    shown = f"""HTTP 401; WWW-Authenticate: Key realm="{REDACTED}"; it says 'no key {REDACTED}'"""
    assert message == f"{shown}{CAUSES}"


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 401 \x1b[31mNo\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 No\r\nX-\x1b[2J: 1\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 No\r\nContent-Length: a lot\r\n\r\n",
        "HTTP/1.1 401 No\r\nContent-Length: 999999999999\r\n\r\n",
        "HTTP/9.9 ???\r\n\r\n",
    ],
)
def test_a_hostile_head_is_no_answer(said: Callable[[str], str], head: str) -> None:
    with raw_server(lambda peer: answer(peer, head)) as url:
        assert said(url).startswith(("it hung up, or its answer was no HTTP; ", "its answer cannot be read: "))


@pytest.mark.parametrize(
    "header", ["Upgrade: \x1b[2J", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x"]
)
def test_half_an_upgrade_is_none(said: Callable[[str], str], header: str) -> None:
    with raw_server(lambda peer: answer(peer, f"HTTP/1.1 101 Switching\r\n{header}\r\n\r\n")) as url:
        assert said(url).startswith(("its answer was no WebSocket upgrade: ", "it hung up"))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(said: Callable[[str], str], status: int) -> None:
    visited = []
    with raw_server(visited.append) as elsewhere:
        head = f"HTTP/1.1 {status} Gone\r\nLocation: {elsewhere}?token=x\r\nContent-Length: 0\r\n\r\n"
        with raw_server(lambda peer: answer(peer, head)) as url:
            message = said(url)
    assert message == f"HTTP {status}, a redirect to '{elsewhere}'; name the address that is meant"
    assert visited == []


def test_a_redirect_to_something_hostile_is_shown_harmless(said: Callable[[str], str]) -> None:
    head = "HTTP/1.1 302 Found\r\nLocation: ws://x/\x1b[2J\r\nContent-Length: 0\r\n\r\n"
    with raw_server(lambda peer: answer(peer, head)) as url:
        said(url)  # which looks for characters that move a cursor
