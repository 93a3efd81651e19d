"""The driver of the reference server's provisioning API (PROTOCOL §5)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.errors import ProvisioningFailed
from conformance.target.accounts import Account
from conformance.target.dialect import form_of
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.stale_connections import send
from conformance.target.tokens import make_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import httpx

    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.dialect import Dialect
    from conformance.target.model import Target
    from conformance.target.provision.created import Member

TIMEOUT = 10.0
IDLE = 1.0
"""Seconds after which an idle connection is not used again: the server may be closing it (uvicorn: after 5 s)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The settings of the target file: the base URL of the API (None: /api/v1 beside the first instance)."""

    api: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give the URL of the API, if it is not that of an instance."""
        return () if self.api is None else (self.api,)

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """Give nothing: the dialect determines the form of users' ids, and the server creates all others."""
        return ()

    @classmethod
    def read(cls, section: dict[str, Any]) -> Reference:
        """Read the section `provision`."""
        return cls(section.get("api"))

    @asynccontextmanager
    async def open(self, target: Target, default_role: str) -> AsyncIterator[Provisioner]:
        """Open an HTTP client for the API that belongs to the target."""
        import httpx  # noqa: PLC0415 -- a target of another driver does without it

        users = form_of(target.dialect, "user")
        admin = Account("admin", users.to_wire(users.invented()))
        headers = {"Authorization": f"Bearer {make_token(target.auth.signing, admin)}"}
        limits = httpx.Limits(keepalive_expiry=IDLE)
        base = self.api or beside(target.instances[0])
        turns = {"request": [target.throttle.call]}
        async with httpx.AsyncClient(
            base_url=base, headers=headers, timeout=TIMEOUT, limits=limits, event_hooks=turns
        ) as client:
            yield CreatingProvisioner(AdminAccount(client, target.dialect), target.auth.signing)


class AdminAccount:
    """Creates conversations as a user of its own, which owns them all and never connects."""

    def __init__(self, client: httpx.AsyncClient, dialect: Dialect | None = None) -> None:
        self._client = client
        self._users = form_of(dialect, "user")
        self._ids = str if dialect is None else (str, int)
        self._made = 0

    async def account(self, name: str) -> Account:
        """Name a user: it exists as soon as a token names it."""
        return Account(name, self._users.to_wire(self._users.invented()))

    async def conversation(self, name: str, visibility: str, members: Sequence[Member]) -> str:
        """Create a conversation."""
        listed = [{"user_id": account.value, "role": role} for account, role in members]
        made = await self._ask("POST", "/conversations", {"name": name, "visibility": visibility, "members": listed})
        found = made.get("conversation_id") if isinstance(made, dict) else None
        if not isinstance(found, self._ids):
            raise ProvisioningFailed(
                f"the provisioning API made a conversation without a conversation_id: {made!r:.200}"
            )
        self._made += 1
        return str(found)

    async def give_role(self, conversation: str, account: Account, role: str) -> None:
        """Give a role."""
        await self._ask("PUT", f"/conversations/{conversation}/members/{account.id}", {"role": role})

    async def remove(self, conversation: str, account: Account) -> None:
        """Remove a member."""
        await self._ask("DELETE", f"/conversations/{conversation}/members/{account.id}")

    def notes(self) -> Sequence[str]:
        """Say what is left: the API removes no conversation."""
        return (f"left on the target: {self._made} conversations; its API removes none",) if self._made else ()

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        import httpx  # noqa: PLC0415 -- as above

        try:
            response = await send(
                lambda extensions: self._client.request(method, path, json=body, extensions=extensions)
            )
        except httpx.HTTPError as error:
            raise ProvisioningFailed(f"{method} {path} failed: {str(error) or type(error).__name__}") from None
        if response.is_error:
            raise ProvisioningFailed(f"{method} {path} was answered with {response.status_code}: {response.text[:200]}")
        try:
            return response.json() if response.content else None
        except ValueError:
            raise ProvisioningFailed(f"{method} {path} was answered with no JSON: {response.text[:200]}") from None


def beside(instance: str) -> str:
    """Give the URL of the API that belongs to a WebSocket URL."""
    parts = urlsplit(instance)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}/api/v1"
