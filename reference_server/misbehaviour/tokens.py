"""Tokens that expire earlier than they say (`--token-ttl`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from reference_server.token_claims import with_changed_claims

if TYPE_CHECKING:
    from starlette.types import Scope


def shorten_in(scope: Scope, secret: str, ttl: float) -> Scope:
    """Give the scope of a request with a token that expires `ttl` seconds after it was issued, or earlier."""

    def shorten(claims: dict[str, Any]) -> dict[str, Any]:
        issued, expires = float(claims.get("iat", time.time())), float(claims["exp"])
        return {**claims, "exp": min(expires, issued + ttl)}

    return with_changed_claims(scope, secret, shorten)
