from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from reference_server.auth import InvalidTokenError, authenticate, issue
from tests.reference_server.support import SECRET, token

ALICE = uuid4()


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

    def test_reads_the_user_in_any_spelling(self):
        assert authenticate(
            token(UUID(int=7), sub="{00000000-0000-0000-0000-000000000007}"), SECRET, 5
        ).user_id == UUID(int=7)
