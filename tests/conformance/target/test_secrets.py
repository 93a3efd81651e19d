from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import UsageError
from conformance.target.secrets import Secrets
from conformance.target.tokens import Signing, mint

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "a secret of more than thirty-two bytes"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing secret", "nothing secret"),
        (f"the secret is {SECRET}.", "the secret is «redacted»."),
        (f"{SECRET}{SECRET}", "«redacted»«redacted»"),
        (f"ws://host/ws?token={TOKEN}&x=1", "ws://host/ws?token=«redacted»&x=1"),
        (f'{{"token": "{TOKEN}"}}', '{"token": "«redacted»"}'),
        (f"{TOKEN} {TOKEN}", "«redacted» «redacted»"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "«redacted»"),
        ("eyJ is how tokens begin", "eyJ is how tokens begin"),
        ("", ""),
    ],
)
def test_secrets_and_tokens_are_replaced_by_value(text: str, shown: str) -> None:
    assert Secrets(SECRET).redact(text) == shown


def test_an_empty_secret_hides_nothing() -> None:
    assert Secrets("").redact("text") == "text"
    assert Secrets().redact("text") == "text"


@given(before=st.text(), after=st.text())
def test_a_secret_is_found_in_any_text(before: str, after: str) -> None:
    assert SECRET not in Secrets(SECRET).redact(before + SECRET + after)


@given(user=st.text(), before=st.sampled_from(["", " ", "=", '"', "/", "é", "."]))
def test_no_part_of_a_token_that_we_make_is_left(user: str, before: str) -> None:
    token = mint(Signing(SECRET, "HS256", {"sub": "${user_id}", "username": "${name}"}, 60), "0b9c", user)
    assert token is not None
    assert Secrets().redact(f"{before}{token} after") == f"{before}«redacted» after"


SPECIAL = 'pass"é/+ %<&>\\word'


@pytest.mark.parametrize(
    "form",
    [
        SPECIAL,
        json.dumps(SPECIAL),
        json.dumps(SPECIAL, ensure_ascii=False),
        json.dumps(json.dumps(SPECIAL)),
        json.dumps({"page": html.escape(SPECIAL)}),
        quote(SPECIAL),
        quote(SPECIAL, safe="").lower(),
        quote_plus(SPECIAL),
        quote(quote(SPECIAL, safe=""), safe=""),
        html.escape(SPECIAL),
        repr(SPECIAL),
    ],
)
def test_a_secret_is_found_however_it_is_written(form: str) -> None:
    shown = Secrets(SPECIAL).redact(f"it is {form}.")
    assert "pass" not in shown
    assert "word" not in shown
    assert shown.startswith("it is ")


@pytest.mark.parametrize("kept", [6, 12, len(SECRET) - 1])
def test_the_beginning_of_a_secret_that_was_cut_off_is_found(kept: int) -> None:
    assert Secrets(SECRET).redact(f"so: {SECRET[:kept]}… (400 characters)") == "so: «redacted»… (400 characters)"


def test_a_secret_may_be_learned_on_the_way() -> None:
    secrets = Secrets()
    assert secrets.redact("opaque-token-1") == "opaque-token-1"
    for number in range(500):
        secrets.keep(f"opaque-{number:04d}-token")
    assert secrets.redact("opaque-0007-token and opaque-0499-token") == "«redacted» and «redacted»"


def test_a_word_that_is_too_short_is_not_hidden_everywhere() -> None:
    assert Secrets("chat").redact("chat-parity") == "chat-parity"


def test_a_secret_of_the_environment_must_be_there_and_long_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOO_SHORT", "chat")
    with pytest.raises(UsageError, match="the secret in TOO_SHORT is shorter than 6 bytes"):
        Secrets().read("TOO_SHORT", tmp_path, "anything")
    assert Secrets(checking=True).read("NOT_THERE", tmp_path, "anything") == ""
