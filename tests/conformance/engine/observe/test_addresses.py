"""Of all connections of a page, those to the chosen server are judged."""

from __future__ import annotations

import pytest

from conformance.engine.observe.addresses import address_of, addresses, choose
from conformance.engine.observe.recorded import Passed, Recorded

SAID = (Passed(1.0, "sent", "{}"),)
CHAT, SECOND, METRICS, OURS = (
    Recorded((), SAID, address=one) for one in ("chat.example/ws", "chat.example/ws/…", "chat.example/wsx", None)
)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("wss://user:word@CHAT.example:443/ws?token=secret", "chat.example/ws"),
        ("ws://127.0.0.1:8080/ws/", "127.0.0.1:8080/ws"),
        ("wss://chat.example:80/", "chat.example:80"),
        ("ws://[::1]:80/a/0123456789abcdef/b/77", "[::1]/a/…/b/…"),
        ("wss://[", None),
        ("", None),
    ],
)
def test_an_address_is_the_host_and_the_path_without_ids_or_secrets(url: str, address: str | None) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize("server", ["chat.example/ws", "wss://chat.example/ws", "wss://chat.example:443/ws/?x=1"])
def test_a_server_is_named_as_address_or_url(server: str) -> None:
    chosen = choose([CHAT, SECOND, METRICS], [server])
    assert chosen.kept == [CHAT, SECOND]
    assert chosen.left_out == {"chat.example/wsx": 1}


def test_connections_without_an_address_always_count() -> None:
    assert choose([OURS, CHAT], []).kept == [OURS]
    assert addresses([OURS, CHAT, CHAT, Recorded((), (), address="empty.example")]) == ["chat.example/ws"]
