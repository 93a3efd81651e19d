"""The claims of a token change before the server checks it, and only if the token was valid."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from reference_server.token_claims import with_changed_claims

SECRET = "a secret of at least 32 characters, for the tests"
GOOD = jwt.encode({"sub": "7", "exp": 1}, SECRET)
FOREIGN = jwt.encode({"sub": "7"}, "another secret of at least 32 characters")


def changed(token: str, change: Any) -> tuple[str, str]:
    """Give the tokens in the query and in the header of a request that had the same one in both."""
    headers = [(b"host", b"chat"), (b"authorization", f"Bearer {token}".encode())]
    scope = with_changed_claims({"query_string": f"token={token}&a=b".encode(), "headers": headers}, SECRET, change)
    assert parse_qs(scope["query_string"].decode())["a"] == ["b"]
    assert scope["headers"][0] == headers[0]
    return parse_qs(scope["query_string"].decode())["token"][0], scope["headers"][1][1].decode().removeprefix("Bearer ")


def test_an_expired_token_has_the_new_claims_in_both_places() -> None:
    for token in changed(GOOD, lambda claims: {**claims, "sub": "8"}):
        assert jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})["sub"] == "8"


@pytest.mark.parametrize("token", [FOREIGN, "no.token.at-all"])
def test_a_token_that_the_server_refuses_stays_as_it_is(token: str) -> None:
    assert changed(token, lambda _: {"sub": "8"}) == (token, token)


@pytest.mark.parametrize("kind", [KeyError, ValueError, TypeError, OverflowError])
def test_claims_that_cannot_be_changed_leave_the_token_as_it_is(kind: type[Exception]) -> None:
    def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise kind

    assert changed(GOOD, fail) == (GOOD, GOOD)
