"""The first steps to an address: what a certificate and an error of the network say."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from conformance.engine.diagnosis.model import Outlook
from conformance.engine.diagnosis.network import SHOWN, _bad, _judge_certificate, check_network
from conformance.target.access import Access
from conformance.target.access.proxies import Proxies


@pytest.mark.parametrize(("days", "outlook"), [(400, Outlook.GOOD), (3, Outlook.ODD)])
def test_a_certificate_that_ends_soon_is_worth_a_word(days: int, outlook: Outlook) -> None:
    ends = datetime.now(UTC) + timedelta(days=days)
    check = _judge_certificate("here", "TLSv1.3", {"notAfter": f"{ends:%b %d %H:%M:%S %Y} GMT"})
    assert check.outlook is outlook
    assert f"{ends:%Y-%m-%d}" in check.seen
    assert bool(check.advice) is (outlook is Outlook.ODD)


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (TimeoutError(), "nothing came back within 2 s"),
        (UnicodeError("label too long"), "its name is not a valid host name"),
        (socket.gaierror(-2, "Name or service not known"), "its name is not known (Name or service not known)"),
        (ConnectionRefusedError(), "nobody listens there"),
    ],
)
def test_every_error_says_what_was_seen_and_what_to_look_at(error: Exception, seen: str) -> None:
    check = _bad("here", "port", error, "ws://here/ws", 2.0)
    assert (check.outlook, check.seen) == (Outlook.BAD, seen)
    assert check.advice.endswith("?")


def test_a_port_that_is_open_and_says_nothing_to_tls_may_take_none() -> None:
    assert "use ws://" in _bad("here", "tls", TimeoutError(), "wss://here/ws", 2.0).advice


async def test_a_name_with_many_addresses_shows_some(monkeypatch: pytest.MonkeyPatch) -> None:
    async def many(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (f"192.0.2.{number}", 1)) for number in range(SHOWN + 3)]

    monkeypatch.setattr("asyncio.BaseEventLoop.getaddrinfo", many)
    checks = [one async for one in check_network("ws://many.example/ws", "here", Access(), 0.01)]
    assert checks[0].seen == "many.example is 192.0.2.0, 192.0.2.1, 192.0.2.2, 192.0.2.3 and 3 more"
    assert [one.step for one in checks] == ["name", "port"]


async def test_through_a_proxy_the_way_to_the_proxy_is_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        access = Access(proxies=Proxies(f"http://127.0.0.1:{port}"))
        checks = [one async for one in check_network("wss://chat.invalid/ws", "there", access, 2.0)]
    assert [(one.step, one.outlook) for one in checks] == [("name", Outlook.GOOD), ("port", Outlook.GOOD)]
    assert checks[1].seen == f"somebody listens at port {port} of the proxy http://127.0.0.1:{port}"


async def test_a_proxy_that_does_not_listen_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    access = Access(proxies=Proxies(f"http://127.0.0.1:{port}"))
    checks = [one async for one in check_network("ws://chat.invalid/ws", "there", access, 2.0)]
    assert checks[-1].seen == f"nobody listens there, through the proxy http://127.0.0.1:{port}"
