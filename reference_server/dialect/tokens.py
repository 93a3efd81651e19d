"""Tokens whose user is a number: the server gets a token for the UUID of the same user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server.token_claims import with_changed_claims

if TYPE_CHECKING:
    from starlette.types import Scope

    from reference_server.dialect.numbers import Numbers


def identified(scope: Scope, secret: str, numbers: Numbers) -> Scope:
    """Give the scope of a request with a UUID in place of the number (or text of digits) in its token."""

    def identify(claims: dict[str, Any]) -> dict[str, Any]:
        subject = claims["sub"]
        is_text = isinstance(subject, str) and subject.isascii() and subject.isdigit() and len(subject) <= 20
        return {**claims, "sub": numbers.to_uuid("user", int(subject) if is_text else subject)}

    return with_changed_claims(scope, secret, identify)
