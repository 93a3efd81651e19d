"""One rule says which proxy leads to an address."""

from __future__ import annotations

import pytest

from conformance.errors import UsageError
from conformance.target.access import proxies
from conformance.target.access.proxies import Proxies, wrong_proxy

PROXY = "http://proxy.example:3128"
VARIABLES = [f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO", "WS", "WSS")]


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:8000/ws",
        "ws://0.0.0.0:8000/ws",
        "ws://[::ffff:127.0.0.1]:8000/ws",
        "http://127.8.9.1/api",
        "ws://localhost:8000/ws",
        "wss://LOCALHOST./ws",
        "ws://chat.localhost/ws",
        "ws://[::1]:8000/ws",
    ],
)
@pytest.mark.parametrize("setting", ["environment", PROXY])
def test_no_proxy_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch, url: str, setting: str) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, PROXY)
    assert Proxies(setting).leading_to(url) is None


@pytest.mark.parametrize(
    ("variable", "url", "leads"),
    [
        ("HTTP_PROXY", "ws://chat.example/ws", True),
        ("http_proxy", "http://chat.example/api", True),
        ("HTTP_PROXY", "wss://chat.example/ws", False),
        ("HTTPS_PROXY", "wss://chat.example/ws", True),
        ("https_proxy", "https://chat.example/api", True),
        ("HTTPS_PROXY", "ws://chat.example/ws", False),
        ("WSS_PROXY", "wss://chat.example/ws", True),
        ("WSS_PROXY", "https://chat.example/api", False),
        ("ALL_PROXY", "ws://chat.example/ws", True),
        ("ALL_PROXY", "https://chat.example/api", True),
    ],
)
def test_the_environment_names_it_by_the_kind_of_address(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, leads: bool
) -> None:
    monkeypatch.setenv(variable, PROXY)
    assert Proxies().leading_to(url) == (PROXY if leads else None)
    assert Proxies("none").leading_to(url) is None


def test_no_proxy_lists_hosts_that_are_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert Proxies().leading_to("wss://chat.inside.example:8443/ws") is None
    assert Proxies().leading_to("wss://chat.example/ws") == PROXY


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", "wss://chat.example/ws", True),
        (".example", "wss://chat.example/ws", True),
        ("other, chat.example", "wss://chat.example/ws", True),
        ("chat.example:443", "wss://chat.example/ws", True),
        ("chat.example:8443", "wss://chat.example:8443/ws", True),
        ("chat.example:80", "wss://chat.example/ws", False),
        ("10.0.0.0/8", "ws://10.1.2.3/ws", True),
        ("10.0.0.0/8", "ws://11.1.2.3/ws", False),
        ("10.0.0.0/8, nonsense/99, [2001:db8::]/32", "ws://[2001:db8::7]/ws", True),
        ("2001:db8::7", "ws://[2001:db8::7]:80/ws", True),
        ("10.0.0.0/8", "ws://chat.example/ws", False),
    ],
)
def test_no_proxy_takes_ports_and_networks_too(
    monkeypatch: pytest.MonkeyPatch, exceptions: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert Proxies().leading_to(url) == (None if direct else PROXY)


def test_a_url_is_for_every_address_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://other.example")
    monkeypatch.setenv("NO_PROXY", "*")
    assert Proxies(PROXY).leading_to("wss://chat.example/ws") == PROXY


def test_a_proxy_without_a_scheme_speaks_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert Proxies().leading_to("wss://chat.example/ws") == PROXY


def test_socks_without_its_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://user:secret-word@proxy.example:1080")
    assert Proxies().leading_to("wss://chat.example/ws") == "socks5h://user:secret-word@proxy.example:1080"
    monkeypatch.setattr(proxies, "SOCKS_PACKAGES", ("package_that_nobody_has",))
    with pytest.raises(
        UsageError, match=r"\(from ALL_PROXY\) speaks SOCKS.*pip install 'chat-parity\[socks\]'"
    ) as error:
        Proxies().leading_to("wss://chat.example/ws")
    assert "secret-word" not in str(error.value)


@pytest.mark.parametrize(
    "proxy", ["ftp://proxy.example", "http://", "http://proxy.example:x", "socks4://proxy.example"]
)
def test_an_unusable_proxy_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError, match=r"\(from HTTPS_PROXY\) cannot be used"):
        Proxies().leading_to("wss://chat.example/ws")
    assert wrong_proxy(proxy) is not None
