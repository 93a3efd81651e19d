"""Replaces secrets, by value, in everything that is stored or printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
"""A JWT: a base64url JSON object, a point, the claims, a point, the signature (RFC 7519 §3)."""


def redactor(secrets: Sequence[str]) -> Callable[[str], str]:
    """Give a function that replaces the secrets, and whatever looks like a token, by `«redacted»`."""
    known = sorted(filter(None, secrets), key=len, reverse=True)  # One secret may be a part of another.

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "«redacted»")
        return _TOKEN.sub("«redacted»", text) if "eyJ" in text else text

    return redact
