"""No secret in an address is shown: neither the values of its query nor a password."""

from __future__ import annotations

import pytest

from conformance.target.access import keep_query, secret_names, shown_address, take_from_environment
from conformance.target.secrets import REDACTED, Secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://chat.example/ws", "wss://chat.example/ws"),
        ("wss://chat.example/ws?", "wss://chat.example/ws?"),
        ("wss://chat.example/ws?api_key=k&v=2", f"wss://chat.example/ws?api_key={REDACTED}&v={REDACTED}"),
        ("wss://chat.example/ws?debug&empty=", "wss://chat.example/ws?debug&empty"),
        ("http://user:word@proxy.example:3128", f"http://{REDACTED}@proxy.example:3128"),
        ("http://user:wo/rd@proxy.example:3128", f"http://{REDACTED}@proxy.example:3128"),
        ("http://user:wo?rd@proxy.example:3128", f"http://{REDACTED}@proxy.example:3128"),
        ("http://user:wo@rd@proxy.example", f"http://{REDACTED}@proxy.example"),
        ("http:/user:word@proxy.example", f"http:/{REDACTED}@proxy.example"),
        ("user:word@proxy.example", f"{REDACTED}@proxy.example"),
        ("wss://chat.example:443/@room/ws", "wss://chat.example:443/@room/ws"),
        ("wss://user:word@[::1]:443/@room", f"wss://{REDACTED}@[::1]:443/@room"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_secret(url: str, shown: str) -> None:
    assert shown_address(url) == shown


@pytest.mark.parametrize("written", ["k%2B1234567", "k%2b1234567"])
def test_a_key_is_hidden_wherever_it_stands(written: str) -> None:
    secrets = Secrets()
    keep_query(f"wss://chat.example/ws?api_key={written}", secrets)
    for text in (f"?api_key={written}", "the key is k+1234567", f"GET /ws?api_key={written}&token=x"):
        assert "1234567" not in secrets.redact(text)


def test_a_word_that_is_no_key_is_hidden_only_in_its_query() -> None:
    secrets = Secrets()
    keep_query("wss://chat.example/ws?room=general", secrets)
    assert secrets.redact("ws?room=general in general") == f"ws?{REDACTED} in general"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", []),
        ("v=2&room=general", []),
        ("api_key=k", ["api_key"]),
        ("access_token=abc&v=2", ["access_token"]),
        ("x=9f8a7b6c5d4e3f2a1b0c", ["x"]),
        ("key=", []),
    ],
)
def test_names_the_parameters_that_hold_secrets(query: str, names: list[str]) -> None:
    assert secret_names(f"wss://chat.example/ws?{query}") == names


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("wss://chat.example/ws", "wss://chat.example/ws"),
        ("wss://chat.example/ws?v=2&debug", "wss://chat.example/ws?v=2&debug"),
        ("wss://chat.example/ws?api-key=k&v=2", "wss://chat.example/ws?api-key=${env.API_KEY}&v=2"),
        ("wss://chat.example/ws?2fa-code=k", "wss://chat.example/ws?2fa-code=${env.QUERY_2FA_CODE}"),
    ],
)
def test_a_file_takes_the_secrets_of_an_address_from_the_environment(url: str, written: str) -> None:
    assert take_from_environment(url) == written
