"""Makes the users' tokens: valid ones, and many kinds of invalid ones."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.errors import ProvisioningFailed
from conformance.scenario.template import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.target.accounts import Account


_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


@dataclass(frozen=True, slots=True)
class Signing:
    """How a target's tokens are made: claims are templates with `${user_id}` and `${name}`; `ttl` is in seconds."""

    secret: str
    algorithm: str
    claims: Mapping[str, Any]
    ttl: float


def make_token(signing: Signing | None, account: Account, changes: Mapping[str, Any] | None = None) -> str | None:
    """Give a token for a user; `changes` are those of the scenario language (`token:`). None: send no token at all.

    The valid token is the account's own, if it has one. Invalid ones are made with the secret. If the secret is unknown
    (`signing` None), a token that cannot be derived from the valid one raises ProvisioningFailed.
    """
    if account.token is None or (signing is not None and changes):
        if signing is None:
            raise ProvisioningFailed(f"nothing says how {account.name} comes to a token (`auth: {{jwt: …}}` would)")
        return mint(signing, account.value, account.name, changes)
    changes = changes or {}
    if changes.get("missing"):
        return None
    if "raw" in changes:
        return str(changes["raw"])
    if not changes:
        return account.token
    if changes.keys() == {"tamper"} and account.token.count(".") == 2:
        return _tamper(account.token, changes["tamper"])
    raise ProvisioningFailed("it needs a token that takes the signing secret to make, and the target file names none")


def mint(signing: Signing, user_id: str | int, name: str, changes: Mapping[str, Any] | None = None) -> str | None:
    """Make a token with the secret; an integer `user_id` stays an integer in the claims."""
    changes = changes or {}
    if changes.get("missing"):
        return None
    if "raw" in changes:
        return str(changes["raw"])
    now = int(time.time())
    names = {"user_id": user_id, "name": name}
    claims = substitute(dict(signing.claims), names.__getitem__)
    # Two tokens of one user in one second must differ: some servers end the older session of the same token.
    claims = (
        {"iat": now, "exp": now + int(signing.ttl), "jti": str(uuid.uuid4())} | claims | dict(changes.get("claims", {}))
    )
    for claim in changes.get("without", ()):
        claims.pop(claim, None)
    if "subject" in changes:
        claims = _with_subject(claims, signing.claims, changes["subject"])
    header = changes.get("header", {})
    algorithm = changes.get("algorithm", signing.algorithm)
    if changes.get("algorithm") == signing.algorithm:  # A wrong algorithm is another one than the target's.
        algorithm = "HS256"
    token = _sign(claims, changes.get("secret", signing.secret), algorithm, header)
    return _tamper(token, changes["tamper"]) if "tamper" in changes else token


def _with_subject(claims: Mapping[str, Any], templates: Mapping[str, Any], subject: Any) -> dict[str, Any]:
    """Give every claim that names the user another value, whatever the target calls it; `absent` leaves it out."""
    naming = {name for name, template in templates.items() if "${user_id}" in json.dumps(template)}
    kept = {name: value for name, value in claims.items() if name not in naming}
    return kept if subject == "absent" else kept | dict.fromkeys(naming, subject)


def _sign(claims: Mapping[str, Any], secret: str, algorithm: str, header: Mapping[str, Any]) -> str:
    """Sign as JWS (RFC 7515 §7.1), by hand: the header may lie about the algorithm, and the secret may be too short."""
    head = {"alg": algorithm, "typ": "JWT"} | dict(header)
    signed = f"{_encode(json.dumps(head).encode())}.{_encode(json.dumps(claims).encode())}"
    if algorithm == "none":
        return f"{signed}."
    signature = hmac.new(secret.encode(), signed.encode(), _DIGESTS[algorithm]).digest()
    return f"{signed}.{_encode(signature)}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _tamper(token: str, part: str) -> str:
    """Change one character in the middle of one part, to another one of the same alphabet."""
    parts = token.split(".")
    index = ("header", "payload", "signature").index(part)
    middle = len(parts[index]) // 2
    other = "A" if parts[index][middle] != "A" else "B"
    parts[index] = parts[index][:middle] + other + parts[index][middle + 1 :]
    return ".".join(parts)
