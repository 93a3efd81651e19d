"""The section `auth`: how a user authenticates, and how its tokens are made if the secret is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.target.tokens import Signing

if TYPE_CHECKING:
    from conformance.files.documents import Document
    from conformance.target.secrets import Secrets

MIN_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Auth:
    """The query parameter that carries the token; `signing` is None where only the target makes tokens."""

    query_param: str = "token"
    signing: Signing | None = None


def read_auth(document: Document, secrets: Secrets, secret: str | None = None) -> Auth:
    """Read the section; `secret` replaces the one of the environment. Raises UsageError."""
    section = document.value.get("auth", {})
    auth = Auth(section.get("query_param", "token"))
    token = section.get("jwt")
    if token is None:
        return auth
    if secret is None:
        purpose = "the secret that signs the server's tokens"
        secret = secrets.read(token["secret_env"], document.file, purpose, MIN_SECRET_BYTES)
    signing = Signing(
        secret=secrets.keep(secret),
        algorithm=token.get("algorithm", "HS256"),
        claims=token.get("claims", {"sub": "${user_id}", "username": "${name}"}),
        ttl=token.get("ttl", 900),
    )
    return replace(auth, signing=signing)
