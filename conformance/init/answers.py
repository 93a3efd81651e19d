"""What must be known of a server before it can be tested."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to the questions of `init`.

    `ids` is the form of user ids (`uuid`, `integer` or `text`), `user_claim` the claim of a token that holds one, and
    `api` the base URL of an HTTP API, where the driver has one.
    """

    name: str
    urls: tuple[str, ...]
    driver: str
    secret_env: str = "JWT_SECRET"
    query_param: str = "token"
    user_claim: str = "sub"
    ids: str = "uuid"
    api: str | None = None
