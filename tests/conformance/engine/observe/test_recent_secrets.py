"""Secrets of clients are redacted, and not collected for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.observe import recent_secrets
from conformance.engine.observe.recent_secrets import RecentSecrets
from conformance.target.secrets import REDACTED

if TYPE_CHECKING:
    import pytest

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


def test_what_a_client_has_shown_is_redacted_and_any_token_is() -> None:
    secrets = RecentSecrets()
    secrets.keep("opaque-secret-of-alice")
    assert secrets.redact(f"a opaque-secret-of-alice {TOKEN} b") == f"a {REDACTED} {REDACTED} b"


def test_only_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_secrets, "MOST", 10)
    secrets = RecentSecrets()
    for number in range(100):
        secrets.keep(f"opaque-secret-number-{number:03}")
    shown = [number for number in range(100) if REDACTED in secrets.redact(f"opaque-secret-number-{number:03}")]
    assert shown == list(range(80, 100))
