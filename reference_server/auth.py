"""Reads and signs tokens: HS256, with the user's id and the time of expiry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

ALGORITHM = "HS256"


class InvalidTokenError(Exception):
    """The token is not valid; the message never contains the token."""  # AUTH-5


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a token, and when the token expires (Unix time, seconds)."""

    user_id: UUID
    expires_at: float


def authenticate(token: str | None, secret: str, leeway: float) -> Identity:
    """Return the identity that a token proves, or raise `InvalidTokenError`."""
    if not token:
        raise InvalidTokenError("A token is required.")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],  # AUTH-1: `none` and every other algorithm are refused
            leeway=leeway,
            options={"require": ["exp", "sub"]},  # AUTH-3
        )
        return Identity(UUID(claims["sub"]), float(claims["exp"]))
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise InvalidTokenError("The token is not valid.") from None


def issue(user_id: UUID | str | int, username: str, secret: str, lifetime: timedelta) -> str:
    """Sign a token, as the platform's login would."""
    now = datetime.now(UTC)
    subject = user_id if isinstance(user_id, int) else str(user_id)
    claims = {"sub": subject, "username": username, "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)
