"""The verb over real sockets: each step says what was seen and what to do, and the way ends where it must."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING

import pytest
import trustme
from click.testing import CliRunner

from conformance.cli.doctor import doctor
from conformance.target.secrets import REDACTED
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying
from tests.conformance.cli.test_run import TARGET, hosted, raw_server
from tests.conformance.cli.test_unreachable import answer, nothing
from tests.conformance.run_contexts import SECRET
from tests.doubles.fan_out import ChatServer
from tests.doubles.listening import certified, listening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

    Checks = list[dict[str, str]]
    Look = Callable[..., tuple[int, Checks]]


@pytest.fixture
def look(whole_spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Run the verb against an address; gives the exit code and the checks."""
    monkeypatch.setenv("TOY_SECRET", SECRET)
    monkeypatch.setattr(importlib.import_module("conformance.cli.doctor"), "load", lambda _: whole_spec)

    def run(url: str, more: str = "") -> tuple[int, Checks]:
        file = tmp_path / "toy.yaml"
        file.write_text(TARGET.format(url=url) + more)
        ended = CliRunner().invoke(doctor, [str(file), "--format", "json"])
        return ended.exit_code, json.loads(ended.stdout)

    return run


def steps(checks: Checks) -> list[tuple[str, str]]:
    return [(one["step"], one["outlook"]) for one in checks]


def test_all_is_well_with_a_server_of_the_protocol(look: Look) -> None:
    with hosted(ChatServer().serving()) as server:
        code, checks = look(server.url)
    names = ["name", "port", "account", "upgrade", "greeting", "request"]
    assert (code, steps(checks)) == (0, [(name, "good") for name in names])
    assert all(one["advice"] == "" for one in checks)


def test_an_old_server_is_odd_and_can_be_judged(look: Look) -> None:
    with hosted(relaying(SECRET)) as url:
        code, checks = look(url)
    assert code == 0
    assert steps(checks)[-3:] == [("upgrade", "good"), ("greeting", "odd"), ("request", "odd")]
    assert checks[-1]["seen"] == "it does not answer Ping within 0.5 s; it sent 'Ping'"
    with hosted(acknowledging()) as url:
        _, checks = look(url)
    assert steps(checks)[-2:] == [("greeting", "good"), ("request", "good")]


def test_where_nobody_listens_nothing_more_is_tried(look: Look) -> None:
    code, checks = look("ws://127.0.0.1:1/ws")
    assert (code, steps(checks)) == (3, [("name", "good"), ("port", "bad")])
    assert (checks[-1]["seen"], checks[-1]["advice"]) == (
        "nobody listens there",
        "is the server running, and the port right?",
    )


class TestWithoutItsSecret:
    @pytest.fixture(autouse=True)
    def no_secret(self, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TOY_SECRET")

    def test_every_step_before_the_account_is_checked(self, look: Look) -> None:
        with hosted(ChatServer().serving()) as server:
            code, checks = look(server.url)
        assert (code, steps(checks)) == (3, [("name", "good"), ("port", "good"), ("account", "bad")])
        assert checks[-1]["advice"].endswith(
            "toy.yaml: set the environment variable TOY_SECRET to the secret that signs the server's tokens"
        )

    @pytest.mark.parametrize("more", ["headers: {X-Key: 7}\n", "proxy: ${env.NO_PROXY_OF_OURS}\n"])
    def test_another_mistake_is_said_first(self, look: Look, more: str) -> None:
        with pytest.raises(json.JSONDecodeError):
            look("ws://127.0.0.1:1/ws", more)


def test_a_name_that_does_not_exist(look: Look) -> None:
    code, checks = look("ws://nowhere.invalid/ws")
    assert (code, steps(checks)) == (3, [("name", "bad")])
    assert checks[-1]["advice"] == "is the host spelled right?"


def test_a_refusal_shows_what_the_server_says_without_the_secret(
    look: Look,
) -> None:
    body = f"no {SECRET} here"
    with raw_server(lambda peer: answer(peer, f"HTTP/1.1 401 No\r\nContent-Length: {len(body)}\r\n\r\n{body}")) as url:
        code, checks = look(url)
    assert (code, steps(checks)[-1]) == (3, ("upgrade", "bad"))
    assert checks[-1]["seen"] == f"HTTP 401; it says 'no {REDACTED} here'"
    assert checks[-1]["advice"].startswith("likely causes, in this order: ")


def test_a_server_that_ends_the_connection_at_the_first_request(
    look: Look,
) -> None:
    async def hang_up(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(1011)

    with hosted(listening(hang_up)) as url:
        code, checks = look(url)
    assert (code, steps(checks)[-1]) == (3, ("request", "bad"))
    assert "1011" in checks[-1]["seen"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> ssl.SSLContext:
    return certified(authority, "127.0.0.1")


class TestTls:
    def test_that_is_trusted_says_until_when(
        self,
        look: Look,
        server: ssl.SSLContext,
        authority: trustme.CA,
        tmp_path: Path,
    ) -> None:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        with hosted(listening(nothing, ssl=server)) as url:
            _, checks = look(url.replace("ws:", "wss:"), "tls: {ca: ca.pem}")
        (tls,) = (one for one in checks if one["step"] == "tls")
        assert tls["outlook"] == "good"
        assert "the certificate is trusted, and ends on " in tls["seen"]

    def test_that_is_not_trusted_ends_the_way(self, look: Look, server: ssl.SSLContext) -> None:
        with hosted(listening(nothing, ssl=server)) as url:
            code, checks = look(url.replace("ws:", "wss:"))
        assert (code, steps(checks)) == (3, [("name", "good"), ("port", "good"), ("tls", "bad")])
        assert checks[-1]["seen"].startswith("its certificate is not trusted: ")

    def test_that_is_not_checked_is_odd(self, look: Look, server: ssl.SSLContext) -> None:
        with hosted(listening(nothing, ssl=server)) as url:
            _, checks = look(url.replace("ws:", "wss:"), "tls: {insecure: true}")
        assert ("tls", "odd") in steps(checks)


def test_the_text_names_each_place_once_and_puts_advice_under_its_step(
    monkeypatch: pytest.MonkeyPatch, whole_spec: Spec, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOY_SECRET", SECRET)
    monkeypatch.setattr(importlib.import_module("conformance.cli.doctor"), "load", lambda _: whole_spec)
    file = tmp_path / "toy.yaml"
    file.write_text(TARGET.format(url="ws://127.0.0.1:1/ws"))
    ended = CliRunner().invoke(doctor, [str(file)])
    assert ended.stdout.splitlines() == [
        "ws://127.0.0.1:1/ws",
        "  ✓ name      127.0.0.1 is an address, which needs no lookup",
        "  ✗ port      nobody listens there",
        "              → is the server running, and the port right?",
    ]
    assert ended.stderr == "chat-parity: a run cannot judge this server: 1 of 2 steps failed\n"
