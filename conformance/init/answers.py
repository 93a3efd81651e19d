"""What chat-parity must know about a server before it can test it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to the questions of `init`.

    `ids` is the form of user ids (`uuid`, `integer` or `text`), `user_claim` is the claim of a token with the user id,
    and `api` is the base URL of an HTTP API, if the driver has one.
    """

    name: str
    urls: tuple[str, ...]
    driver: str
    secret_env: str = "JWT_SECRET"
    query_param: str = "token"
    user_claim: str = "sub"
    ids: str = "uuid"
    api: str | None = None
