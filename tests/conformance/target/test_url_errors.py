from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.target.url_errors import HTTP, wrong_address


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:8000/ws",
        "wss://chat.example",
        "wss://chat.example/ws?room=1",
        "WSS://Chat.Example:8443/ws",
        "ws://[::1]:8000/ws",
        "ws://my_service:80/ws",  # a name in a compose file
        "ws://bücher.example/ws",
        "ws://chat.example./ws",
    ],
)
def test_an_address_that_can_be_opened_is_right(url: str) -> None:
    assert wrong_address(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("chat.example/ws", "chat.example/ws does not say ws:// or wss://; did you mean wss://chat.example/ws?"),
        ("//chat.example/ws", "//chat.example/ws does not say ws:// or wss://; did you mean wss://chat.example/ws?"),
        ("ws:/chat.example/ws", "ws:/chat.example/ws does not say ws:// or wss://; did you mean ws://chat.example/ws?"),
        ("https:chat.example", "https:chat.example does not say ws:// or wss://; did you mean wss://chat.example?"),
        ("wss:80/ws", "wss:80/ws does not say ws:// or wss://; did you mean wss://wss:80/ws?"),
        ("", "an address is missing here"),
        (
            "http://x:1/ws",
            "http://x:1/ws is not a WebSocket address: it begins with ws:// or wss://; did you mean ws://x:1/ws?",
        ),
        (
            "https://x/ws",
            "https://x/ws is not a WebSocket address: it begins with ws:// or wss://; did you mean wss://x/ws?",
        ),
        ("ftp://x", "ftp://x is not a WebSocket address: it begins with ws:// or wss://"),
        ("wsss://x", "wsss://x is not a WebSocket address: it begins with ws:// or wss://"),
        ("ws://a b/ws", "'ws://a b/ws' holds a space or a control character"),
        (" ws://a/ws", "' ws://a/ws' holds a space or a control character"),
        ("ws://a\0b/", "'ws://a\\x00b/' holds a space or a control character"),
        ("ws://a\u202eb/", "'ws://a\\u202eb/' holds a space or a control character"),
        ("ws://${HOST}/ws", "ws://${HOST}/ws holds ${…}: a target file fills in ${env.NAME}, and nothing else"),
        (
            "ws://bob:hunter2@x/ws",
            "ws://…@x/ws holds a user name or password; leave it out, credentials come from the environment",
        ),
        (
            "http://bob:hunter2@x/ws",
            "http://…@x/ws is not a WebSocket address: it begins with ws:// or wss://; did you mean ws://…@x/ws?",
        ),
        ("ws://x/ws#top", "ws://x/ws#top has a fragment (#…), which no server ever sees (RFC 6455 §3); leave it out"),
        ("ws:///ws", "ws:///ws names no host"),
        ("ws://", "ws:// names no host"),
        ("ws://:80/ws", "ws://:80/ws names no host"),
        ("ws://x:/ws", "ws://x:/ws has a port that is not a number from 1 to 65535"),
        ("ws://x:0/ws", "ws://x:0/ws has a port that is not a number from 1 to 65535"),
        ("ws://x:70000/ws", "ws://x:70000/ws has a port that is not a number from 1 to 65535"),
        ("ws://x:http/ws", "ws://x:http/ws has a port that is not a number from 1 to 65535"),
        ("ws://a..b/ws", "ws://a..b/ws has a host that cannot exist: 'a..b'"),
        ("ws://-a/ws", "ws://-a/ws has a host that cannot exist: '-a'"),
        ("ws://::1/ws", "ws://::1/ws has no host that could be read; write an IPv6 address in [ ]"),
        ("ws://fe80::1:80/ws", "ws://fe80::1:80/ws has no host that could be read; write an IPv6 address in [ ]"),
        ("ws://[::1/ws", "ws://[::1/ws has no host that could be read; write an IPv6 address in [ ]"),
    ],
)
def test_a_wrong_one_is_told_in_a_sentence(url: str, said: str) -> None:
    assert wrong_address(url) == said


def test_one_without_an_end_is_not_repeated() -> None:
    assert wrong_address("x" * 501) == "an address of 501 characters is too long; the limit is 500"
    assert wrong_address(f"ws://h/{'x' * 493}") is None


def test_an_http_address_may_be_meant() -> None:
    assert wrong_address("https://x/api", HTTP) is None
    assert wrong_address("wss://x/api", HTTP) == (
        "wss://x/api is not an HTTP address: it begins with http:// or https://; did you mean https://x/api?"
    )


@given(url=st.text() | st.text().map("ws://".__add__) | st.text().map("ws://secret:hunter2@".__add__))
def test_whatever_it_is_there_is_a_sentence_or_nothing_and_never_a_password(url: str) -> None:
    said = wrong_address(url)
    assert said is None or "\n" not in said
    assert "hunter2" not in (said or "")
