"""The tokens: good ones that any server takes, and each kind of bad one, bad in exactly that way."""

from __future__ import annotations

import time

import jwt
import pytest

from conformance.target.tokens import Signing, mint
from tests.conformance.run_contexts import SECRET

SIGNING = Signing(SECRET, "HS256", {"sub": "${user_id}", "username": "${name}", "role": "user"}, 900)
USER = "4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11"


def token(**changes: object) -> str:
    made = mint(SIGNING, USER, "alice", changes)
    assert made is not None
    return made


def read(made: str, algorithm: str = "HS256", secret: str = SECRET) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(made, secret, algorithms=[algorithm], options={"require": ["exp", "sub"]})
    return claims


def test_a_good_one_has_the_claims_of_the_target() -> None:
    claims = read(token())
    assert (claims["sub"], claims["username"], claims["role"]) == (USER, "alice", "user")
    assert isinstance(claims["exp"], int)
    assert 895 <= claims["exp"] - time.time() <= 900


def test_two_of_one_user_and_second_differ() -> None:
    assert token() != token()


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_any_hmac_signs(algorithm: str) -> None:
    assert read(token(algorithm=algorithm), algorithm)["sub"] == USER


def test_a_wrong_algorithm_is_never_that_of_the_target() -> None:
    made = mint(Signing(SECRET, "HS512", {"sub": "${user_id}"}, 900), USER, "alice", {"algorithm": "HS512"})
    assert made is not None
    assert jwt.get_unverified_header(made)["alg"] == "HS256"


def test_none_at_all_is_none() -> None:
    assert mint(SIGNING, USER, "alice", {"missing": True}) is None


def test_raw_text_stays_as_it_is() -> None:
    assert token(raw="") == ""
    assert token(raw="a.b.c") == "a.b.c"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"claims": {"exp": 1}}, jwt.ExpiredSignatureError),
        ({"claims": {"nbf": 4_000_000_000}}, jwt.ImmatureSignatureError),
        ({"without": ["exp"]}, jwt.MissingRequiredClaimError),
        ({"without": ["sub"]}, jwt.MissingRequiredClaimError),
        ({"secret": "another secret, long enough for any of the algorithms that sign"}, jwt.InvalidSignatureError),
        ({"tamper": "signature"}, jwt.InvalidSignatureError),
        ({"tamper": "payload"}, jwt.InvalidTokenError),
        ({"tamper": "header"}, jwt.InvalidTokenError),
        ({"algorithm": "HS512"}, jwt.InvalidAlgorithmError),
        ({"algorithm": "none"}, jwt.InvalidAlgorithmError),
        ({"header": {"alg": "none"}}, jwt.InvalidAlgorithmError),
    ],
)
def test_a_bad_one_is_bad_in_its_own_way(changes: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        read(token(**changes))


@pytest.mark.parametrize("part", ["header", "payload", "signature"])
def test_tampering_changes_one_character_of_one_part(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uuid.uuid4", lambda: "fixed")
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    good, bad = token().split("."), token(tamper=part).split(".")
    index = ("header", "payload", "signature").index(part)
    assert [number for number in range(3) if good[number] != bad[number]] == [index]
    assert sum(one != other for one, other in zip(good[index], bad[index], strict=True)) == 1


@pytest.mark.parametrize(("subject", "left"), [("absent", {}), ("", {"uid": ""}), (None, {"uid": None})])
def test_another_subject_is_in_the_claim_that_names_the_user(subject: str | None, left: dict[str, object]) -> None:
    signing = Signing(SECRET, "HS256", {"uid": "${user_id}", "nick": "${name}"}, 900)
    made = mint(signing, USER, "alice", {"subject": subject})
    assert made is not None
    claims = jwt.decode(made, SECRET, algorithms=["HS256"])
    assert {name: claims[name] for name in claims if name not in ("iat", "exp", "jti")} == {"nick": "alice"} | left
