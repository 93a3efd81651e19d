from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from reference_server.auth import InvalidTokenError, authenticate, issue
from tests.reference_server.support import SECRET, token

ALICE = uuid4()
ODDITIES = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"9" * 5000,
    b"[" * 5000,
    b'{"alg":' * 5000,
    b'{"alg": ["HS256"]}',
    b'{"alg": {"HS256": 1}, "typ": 5}',
    b'{"alg": "HS256", "crit": 5}',
    b'{"alg": "HS256", "b64": false, "crit": ["b64"]}',
    b'{"alg": "HS256", "kid": 5}',
    b'{"sub": "x", "exp": %s}' % (b"9" * 5000),
    b'{"sub": "x", "exp": 1e999}',
    b'{"sub": "x", "exp": NaN, "iat": -Infinity, "nbf": []}',
    b'{"sub": "\\ud800", "exp": 9e9}',
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
]


class TestAuthenticate:
    def test_names_the_user_and_the_end(self):
        identity = authenticate(issue(ALICE, "alice", SECRET, timedelta(seconds=60)), SECRET, 0)
        assert identity.user_id == ALICE
        assert identity.expires_at == pytest.approx(time.time() + 60, abs=2)

    def test_forgives_within_the_leeway(self):
        just_over = token(ALICE, exp=int(time.time()) - 2)
        assert authenticate(just_over, SECRET, 5).user_id == ALICE
        with pytest.raises(InvalidTokenError):
            authenticate(just_over, SECRET, 1)

    @pytest.mark.parametrize(
        "claims",
        [{"exp": None}, {"sub": None}, {"sub": "alice"}, {"sub": 5}, {"exp": "soon"}, {"exp": 10**400}, {"nbf": 2**33}],
        ids=str,
    )
    def test_refuses_claims_that_prove_nothing(self, claims: dict[str, Any]):
        with pytest.raises(InvalidTokenError):
            authenticate(token(ALICE, **claims), SECRET, 5)

    @pytest.mark.parametrize("bad", [None, "", "a.b.c", "é", "." * 10_000, token(ALICE)[:-3]])
    def test_refuses_what_is_no_token_without_repeating_it(self, bad: str | None):
        with pytest.raises(InvalidTokenError) as refused:
            authenticate(bad, SECRET, 5)
        assert not bad or bad not in str(refused.value)

    @pytest.mark.parametrize("part", ODDITIES, ids=lambda part: repr(part[:16]))
    def test_refuses_whatever_the_parts_of_a_token_hold(self, part: bytes):
        _, claims, signature = token(ALICE).split(".")
        odd = urlsafe_b64encode(part).rstrip(b"=").decode()
        signed = jwt.api_jws.encode(part, SECRET)
        for bad in (f"{odd}.{claims}.{signature}", f"{odd}.{odd}.{odd}", signed):
            with pytest.raises(InvalidTokenError):
                authenticate(bad, SECRET, 5)

    def test_reads_the_user_in_any_spelling(self):
        assert authenticate(
            token(UUID(int=7), sub="{00000000-0000-0000-0000-000000000007}"), SECRET, 5
        ).user_id == UUID(int=7)
