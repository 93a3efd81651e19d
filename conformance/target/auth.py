"""The section `auth`: where a user's token goes, and how tokens are made if the secret is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.errors import BadFile, ProvisioningFailed
from conformance.target.access.headers import is_token, is_value, wrong_name
from conformance.target.tokens import Signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.files.documents import Document
    from conformance.target.secrets import Secrets

MIN_SECRET_BYTES = 32
TOKEN = "${token}"
PLACES = ("query_param", "header", "subprotocol")


@dataclass(frozen=True, slots=True)
class Carried:
    """What a handshake holds for the sake of its token: pairs of the query, headers, subprotocols."""

    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Auth:
    """Where the token goes; `signing` is None where only the target makes tokens.

    It goes into the query parameter `query_param`, unless there is a `header` (a name, and a template with `${token}`)
    or a `subprotocol` (a template).
    """

    query_param: str = "token"
    signing: Signing | None = None
    header: tuple[str, str] | None = None
    subprotocol: str | None = None

    def carry(self, token: str | None) -> Carried:
        """Give what carries a token; raises ProvisioningFailed for a token that cannot be sent at that place."""
        if token is None:
            return Carried()
        if self.header is not None:
            name, template = self.header
            value = template.replace(TOKEN, token).strip(" ")
            if not is_value(value):
                raise ProvisioningFailed("its token has characters that no header can carry (`auth: {header: …}`)")
            return Carried(headers={name: value})
        if self.subprotocol is not None:
            value = self.subprotocol.replace(TOKEN, token)
            if not is_token(value):
                raise ProvisioningFailed("its token cannot be a subprotocol (`auth: {subprotocol: …}`)")
            return Carried(subprotocols=(value,))
        return Carried(query=((self.query_param, token),))


def read_auth(document: Document, secrets: Secrets, secret: str | None = None) -> Auth:
    """Read the section; `secret` replaces the one of the environment. Raises BadFile or UsageError."""
    section = document.value.get("auth", {})
    wrong = list(_mistakes(section, document.value.get("headers", {})))
    if wrong:
        raise BadFile(*(document.mistake(message, ("auth", key)) for key, message in wrong))
    header = next(iter(section["header"].items())) if "header" in section else None
    auth = Auth(section.get("query_param", "token"), header=header, subprotocol=section.get("subprotocol"))
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


def _mistakes(section: Mapping[str, object], headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    places = [key for key in PLACES if key in section]
    if len(places) > 1:
        yield places[1], f"the token goes to one place: `{places[0]}` or `{places[1]}`"
    header, subprotocol = section.get("header"), section.get("subprotocol")
    if isinstance(header, Mapping):
        name, template = next(iter(header.items()))
        wrong = wrong_name(name)
        if wrong is not None:
            yield "header", wrong
        if TOKEN not in template or not is_value(template.replace(TOKEN, "x")):
            yield "header", f"the value of {name} is a text with {TOKEN} in it, such as 'Bearer {TOKEN}'"
        if name.lower() in map(str.lower, headers):
            yield "header", f"`headers` has {name} already; the token takes its place"
    if isinstance(subprotocol, str) and (TOKEN not in subprotocol or not is_token(subprotocol.replace(TOKEN, "x"))):
        yield "subprotocol", f"a subprotocol with {TOKEN} in it has no space and no comma, such as 'bearer.{TOKEN}'"
