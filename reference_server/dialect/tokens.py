"""Tokens whose user is a number: replaces a valid one by a token for the UUID of the same user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt

from reference_server.auth import ALGORITHM
from reference_server.token_places import UNCHECKED, exchanged

if TYPE_CHECKING:
    from starlette.types import Scope

    from reference_server.dialect.numbers import Numbers


def identify(token: str, secret: str, numbers: Numbers) -> str:
    """Give the token with a UUID in place of the number (or text of digits); an invalid token stays invalid."""
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=UNCHECKED)  # type: ignore[arg-type]
        subject = claims["sub"]
        is_text = isinstance(subject, str) and subject.isascii() and subject.isdigit() and len(subject) <= 20
        claims["sub"] = numbers.to_uuid("user", int(subject) if is_text else subject)
        return jwt.encode(claims, secret, algorithm=ALGORITHM)
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError, RecursionError):
        return token


def identified(scope: Scope, secret: str, numbers: Numbers) -> Scope:
    """Give the scope of a request with the token that the server understands."""
    return exchanged(scope, lambda token: identify(token, secret, numbers))
