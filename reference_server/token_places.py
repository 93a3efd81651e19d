"""Replaces the token of a request in its query and its header, before the server checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    Exchange = Callable[[str], str]

#: Only the signature is checked here; the usual check of tokens does the rest.
UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
_BEARER = b"bearer "


def exchanged(scope: Scope, exchange: Exchange) -> Scope:
    """Give the scope of a request with another token, in its query and in its header."""
    query: list[tuple[str, str]] = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    changed = [(name, exchange(value) if name == "token" else value) for name, value in query]
    headers = [(name, _in_header(name, value, exchange)) for name, value in scope["headers"]]
    after: dict[str, Any] = {**scope, "headers": headers}
    return after if changed == query else {**after, "query_string": urlencode(changed).encode()}


def _in_header(name: bytes, value: bytes, exchange: Exchange) -> bytes:
    if name != b"authorization" or not value.lower().startswith(_BEARER):
        return value
    token = value[len(_BEARER) :].decode("latin-1").strip()
    return value[: len(_BEARER)] + exchange(token).encode("latin-1")
