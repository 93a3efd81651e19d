"""Changes the claims of a request's token, in its query and its header, before the server checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import jwt

from reference_server.auth import ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    Change = Callable[[dict[str, Any]], dict[str, Any]]

#: Only the signature is checked here; the usual check of tokens does the rest.
UNCHECKED: Any = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
_BEARER = b"bearer "


def with_changed_claims(scope: Scope, secret: str, change: Change) -> Scope:
    """Give the scope of a request with a token of other claims; an invalid token stays the same.

    `change` may raise KeyError, ValueError, TypeError or OverflowError for claims that it cannot change.
    """
    query: list[tuple[str, str]] = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    changed = [(name, _reissued(value, secret, change) if name == "token" else value) for name, value in query]
    headers = [(name, _in_header(name, value, secret, change)) for name, value in scope["headers"]]
    after: dict[str, Any] = {**scope, "headers": headers}
    return after if changed == query else {**after, "query_string": urlencode(changed).encode()}


def _in_header(name: bytes, value: bytes, secret: str, change: Change) -> bytes:
    if name != b"authorization" or not value.lower().startswith(_BEARER):
        return value
    token = value[len(_BEARER) :].decode("latin-1").strip()
    return value[: len(_BEARER)] + _reissued(token, secret, change).encode("latin-1")


def _reissued(token: str, secret: str, change: Change) -> str:
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=UNCHECKED)
        return jwt.encode(change(claims), secret, algorithm=ALGORITHM)
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError, RecursionError):
        return token
