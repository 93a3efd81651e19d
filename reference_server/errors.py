"""Refusals: the one exception that a handler raises for a request that it does not carry out."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "invalid_message",
    "unknown_type",
    "forbidden",
    "not_found",
    "conflict",
    "rate_limited",
    "too_large",
    "unavailable",
    "internal",
]


class Refused(Exception):
    """The request is answered with `Error`; nothing was changed, and no other connection gets a frame."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message


def no_such_conversation() -> Refused:
    """Give the same answer for an unknown conversation and for one that the user may not know of."""  # PERM-3
    return Refused("not_found", "No such conversation.")


def no_such_message() -> Refused:
    """Refuse a message that is unknown, deleted, or of another conversation."""
    return Refused("not_found", "No such message in this conversation.")
