"""How users, conversations and roles come to be on a target: one small protocol, a driver per kind of server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from conformance.provision.nothing import Nothing
from conformance.provision.reference import Reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from conformance.target import Target


class Provisioner(Protocol):
    """Brings a target into the state that a scenario starts from; each method raises ProvisioningFailed."""

    async def conversation(self, name: str, visibility: str, members: Mapping[str, str]) -> str:
        """Make a conversation with `members` (user id → role) and give its id."""
        ...

    async def give_role(self, conversation: str, user: str, role: str) -> None:
        """Make a user a member with this role, or change its role."""
        ...

    async def remove(self, conversation: str, user: str) -> None:
        """Make a user no member."""
        ...


@asynccontextmanager
async def open_provisioner(target: Target, default_role: str) -> AsyncIterator[Provisioner]:
    """Give the driver that the target names."""
    if target.driver == "none":
        yield Nothing(default_role)
        return
    async with Reference.open(target) as reference:
        yield reference
