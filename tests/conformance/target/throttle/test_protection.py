from __future__ import annotations

import pytest

from conformance.errors import UsageError
from conformance.target.throttle import demand_consent
from conformance.target.throttle.protection import reason_to_ask


@pytest.mark.parametrize(
    "url",
    ["wss://chat.prod.example/ws", "wss://prod-chat.example/ws", "ws://live.example", "wss://chat.PROD2.example/ws"],
)
def test_a_host_that_calls_itself_production_is_protected(url: str) -> None:
    assert "its host has the word" in (reason_to_ask(url, None) or "")


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:8000/ws",
        "wss://staging.example/prod",  # the path is not the host
        "wss://reproduction.example/ws",
        "wss://products.example/ws",
        "wss://alive.example/ws?token=prod",
    ],
)
def test_other_hosts_are_not(url: str) -> None:
    assert reason_to_ask(url, None) is None


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("wss://chat.example/ws", "chat.example"),
        ("wss://chat.example/ws", "*.example"),
        ("wss://CHAT.example/ws", "Chat.Example"),
        ("wss://chat.example:8443/ws?x=1", "wss://chat.example:8443/*"),
        ("wss://CHAT.example/ws", "wss://Chat.Example/ws"),
        ("ws://127.0.0.1:8000/ws", "*"),
    ],
)
def test_a_pattern_protects_hosts_or_whole_addresses(url: str, pattern: str) -> None:
    assert reason_to_ask(url, ("nobody", pattern)) == f"the target file protects {pattern}"


@pytest.mark.parametrize("pattern", ["ws://chat.example/*", "example", "wss://chat.example/other"])
def test_a_pattern_that_does_not_fit_protects_nothing(pattern: str) -> None:
    assert reason_to_ask("wss://chat.example/ws", (pattern,)) is None


def test_a_list_of_ones_own_replaces_the_built_in_sense() -> None:
    assert reason_to_ask("wss://prod.example/ws", ()) is None


def test_consent_is_asked_for_once_and_in_one_line_without_the_query() -> None:
    urls = ["wss://one.example/ws", "wss://chat.prod.example/ws?key=secret"]
    with pytest.raises(UsageError) as raised:
        demand_consent(urls, None, given=False)
    message = str(raised.value)
    assert message.startswith("wss://chat.prod.example/ws is protected (its host has the word 'prod')")
    assert message.endswith("say --yes if that is meant")
    assert "secret" not in message
    assert "\n" not in message
    demand_consent(urls, None, given=True)
