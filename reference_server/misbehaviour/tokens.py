"""Tokens that expire earlier than they say (`--token-ttl`).

A token that expires earlier replaces that of the request; the usual check of tokens does the rest.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jwt

from reference_server.auth import ALGORITHM
from reference_server.token_places import UNCHECKED, exchanged

if TYPE_CHECKING:
    from starlette.types import Scope


def shorten(token: str, secret: str, ttl: float) -> str:
    """Give the token with an earlier expiry, `ttl` seconds after it was issued; an invalid token stays the same."""
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=UNCHECKED)  # type: ignore[arg-type]
        issued, expires = float(claims.get("iat", time.time())), float(claims["exp"])
        return jwt.encode({**claims, "exp": min(expires, issued + ttl)}, secret, algorithm=ALGORITHM)
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError, RecursionError):
        return token


def shorten_in(scope: Scope, secret: str, ttl: float) -> Scope:
    """Give the scope of a request with the shorter token, in its query and in its header."""
    return exchanged(scope, lambda token: shorten(token, secret, ttl))
