"""The driver of the reference server's provisioning API (PROTOCOL §5)."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from conformance.errors import ProvisioningFailed
from conformance.tokens import mint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from conformance.target import Target

TIMEOUT = 10.0
IDLE = 1.0
"""Seconds after which a connection is not used again: a server may end it while a request is under way (uvicorn: 5)."""
LIMITS = httpx.Limits(keepalive_expiry=IDLE)


class Reference:
    """Makes conversations as a steward: a user of its own that owns them all and never connects."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Target) -> AsyncIterator[Reference]:
        """Open an HTTP client for the API that belongs to the target."""
        token = mint(target.signing, str(uuid.uuid4()), "steward")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=target.api or _beside(target.instances[0]), headers=headers, timeout=TIMEOUT, limits=LIMITS
        ) as client:
            yield cls(client)

    async def conversation(self, name: str, visibility: str, members: Mapping[str, str]) -> str:
        """Make a conversation."""
        listed = [{"user_id": user, "role": role} for user, role in members.items()]
        made = await self._ask("POST", "/conversations", {"name": name, "visibility": visibility, "members": listed})
        found = made.get("conversation_id") if isinstance(made, dict) else None
        if not isinstance(found, str):
            raise ProvisioningFailed(
                f"the provisioning API made a conversation without a conversation_id: {made!r:.200}"
            )
        return found

    async def give_role(self, conversation: str, user: str, role: str) -> None:
        """Give a role."""
        await self._ask("PUT", f"/conversations/{conversation}/members/{user}", {"role": role})

    async def remove(self, conversation: str, user: str) -> None:
        """Remove a member."""
        await self._ask("DELETE", f"/conversations/{conversation}/members/{user}")

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            response = await self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ProvisioningFailed(f"{method} {path} failed: {str(error) or type(error).__name__}") from None
        if response.is_error:
            raise ProvisioningFailed(f"{method} {path} was answered with {response.status_code}: {response.text[:200]}")
        try:
            return response.json() if response.content else None
        except ValueError:
            raise ProvisioningFailed(f"{method} {path} was answered with no JSON: {response.text[:200]}") from None


def _beside(instance: str) -> str:
    parts = urlsplit(instance)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}/api/v1"
