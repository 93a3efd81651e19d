"""The driver of servers that accept any user that a token names: it needs only the signing secret.

It creates no conversation. On a server without membership, any id is a conversation, and everybody belongs to it.
"""

from __future__ import annotations

import secrets
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.errors import ProvisioningFailed
from conformance.target.accounts import Account, ExpectedId
from conformance.target.provision.created import CreatingProvisioner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from conformance.target.accounts import Provisioner
    from conformance.target.model import Target
    from conformance.target.provision.created import Member


def new_id(form: str) -> str | int:
    """Give an id that nobody has: a `uuid`, an `integer`, or a `text` that is an integer."""
    if form == "uuid":
        return str(uuid.uuid4())
    number = secrets.randbelow(1 << 30) + (1 << 30)  # a column of 32 bits can hold it
    return number if form == "integer" else str(number)


def expected_ids(form: str, kinds: Iterable[str]) -> tuple[ExpectedId, ...]:
    """Give an example of the ids of this form for each of these kinds; it is always the same."""
    user = str(uuid.UUID(int=1)) if form == "uuid" else 1 if form == "integer" else "1"
    values = {"user": user, "conversation": str(user)}
    return tuple(ExpectedId(("provision", "ids"), kind, values[kind], made=True) for kind in kinds)


@dataclass(frozen=True, slots=True)
class Jwt:
    """The settings of the target file: the form of user ids, and whether any id is a conversation of everybody."""

    ids: str = "uuid"
    any_conversation: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give no address: this driver asks nobody."""
        return ()

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """Give an example of each kind of id that the driver creates."""
        return expected_ids(self.ids, ("user", "conversation") if self.any_conversation else ("user",))

    @classmethod
    def read(cls, section: dict[str, Any]) -> Jwt:
        """Read the section `provision`."""
        return cls(section.get("ids", "uuid"), section.get("conversations") == "any id")

    @asynccontextmanager
    async def open(self, target: Target, default_role: str) -> AsyncIterator[Provisioner]:
        """Open the driver; there is nothing to close."""
        yield CreatingProvisioner(Named(self, default_role), target.auth.signing)


class Named:
    """Creates users by naming them, and conversations too if the server accepts any id."""

    acts_as_users = False

    def __init__(self, settings: Jwt, default_role: str) -> None:
        self._settings = settings
        self._default_role = default_role

    async def account(self, name: str) -> Account:
        """Name a user."""
        return Account(name, new_id(self._settings.ids))

    async def conversation(
        self, name: str, visibility: str, members: Sequence[Member], by: Account | None = None
    ) -> str:
        """Give a new id, if nobody needs more than the default role."""
        if not self._settings.any_conversation:
            raise ProvisioningFailed("the target's driver `jwt` makes users, and no conversations")
        for _, role in members:
            if role != self._default_role:
                raise ProvisioningFailed(f"the target's driver `jwt` cannot make anybody {role} of a conversation")
        return str(new_id(self._settings.ids))

    async def give_role(self, conversation: str, account: Account, role: str, by: Account | None = None) -> None:
        """Raise ProvisioningFailed: there are no roles."""
        raise ProvisioningFailed(f"the target's driver `jwt` cannot make anybody {role} of a conversation")

    async def remove(self, conversation: str, account: Account, by: Account | None = None) -> None:
        """Raise ProvisioningFailed: there is no membership."""
        raise ProvisioningFailed("the target's driver `jwt` cannot remove anybody from a conversation")

    def notes(self) -> Sequence[str]:
        """Give no notes: this driver leaves nothing behind."""
        return ()
