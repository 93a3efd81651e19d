"""Tokens that are good for less long than they say (`--token-ttl`).

The token of a request is replaced by one that expires sooner; whatever looks at tokens then does the rest.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import jwt

from reference_server.auth import ALGORITHM

if TYPE_CHECKING:
    from starlette.types import Scope

#: The signature only: whoever looks at the token next looks at everything else.
_UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
_BEARER = b"bearer "


def shorten(token: str, secret: str, ttl: float) -> str:
    """Give the token with an earlier expiry: `ttl` seconds after it was issued; one that is not valid stays."""
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=_UNCHECKED)  # type: ignore[arg-type]
        issued, expires = float(claims.get("iat", time.time())), float(claims["exp"])
        return jwt.encode({**claims, "exp": min(expires, issued + ttl)}, secret, algorithm=ALGORITHM)
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError, RecursionError):
        return token


def shorten_in(scope: Scope, secret: str, ttl: float) -> Scope:
    """Give the scope of a request with the shorter token, in its query and in its header."""
    query: list[tuple[str, str]] = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    changed = [(name, shorten(value, secret, ttl) if name == "token" else value) for name, value in query]
    headers = [(name, _shorten_header(name, value, secret, ttl)) for name, value in scope["headers"]]
    after: dict[str, Any] = {**scope, "headers": headers}
    return after if changed == query else {**after, "query_string": urlencode(changed).encode()}


def _shorten_header(name: bytes, value: bytes, secret: str, ttl: float) -> bytes:
    if name != b"authorization" or not value.lower().startswith(_BEARER):
        return value
    token = value[len(_BEARER) :].decode("latin-1").strip()
    return value[: len(_BEARER)] + shorten(token, secret, ttl).encode("latin-1")
