from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.secrets import Secrets
from conformance.tokens import Signing, mint

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
