"""Leases of drivers that can create accounts and conversations: every scenario gets new ones.

Each name on the target carries the nonce of the run: `parity-3f9c01-17-alice`.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from conformance.errors import ProvisioningFailed
from conformance.target.tokens import make_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.target.accounts import Account, Lease, Wanted
    from conformance.target.tokens import Signing

Member = tuple["Account", str]
"""A member of a conversation and its role."""


class Factory(Protocol):
    """What a driver can create; a method raises ProvisioningFailed, with a reason, for what it cannot create."""

    @property
    def acts_as_users(self) -> bool:
        """Whether any account can ask for a change of a role."""
        ...

    async def account(self, name: str) -> Account:
        """Create an account of this name."""
        ...

    async def conversation(
        self, name: str, visibility: str, members: Sequence[Member], by: Account | None = None
    ) -> str:
        """Create a conversation and give its id; `by` asks for it where the admin would become a member of it."""
        ...

    async def give_role(self, conversation: str, account: Account, role: str, by: Account | None = None) -> None:
        """Make an account a member with this role, or change its role; `by` asks for it, None is the admin."""
        ...

    async def remove(self, conversation: str, account: Account, by: Account | None = None) -> None:
        """Remove an account from a conversation; likewise."""
        ...

    def notes(self) -> Sequence[str]:
        """Say what the run leaves on the target, and which calls had to be repeated."""
        ...


@dataclass
class CreatedLease:
    """What was created for one scenario."""

    factory: Factory
    signing: Signing | None
    accounts: Mapping[str, Account]
    conversations: dict[str, str] = field(default_factory=dict)
    lasting: bool = False
    claimed_empty: Mapping[str, str] = field(default_factory=dict)

    async def ready(self) -> None:
        """Do nothing: new accounts need no rest."""

    def token(self, user: str, changes: Mapping[str, Any] | None = None) -> str | None:
        """Make a token."""
        return make_token(self.signing, self.accounts[user], changes)

    async def give_role(self, conversation: str, user: str, role: str, by: str | None = None) -> None:
        """Give a role."""
        asks = None if by is None else self.accounts[by]
        await self.factory.give_role(self.conversations[conversation], self.accounts[user], role, asks)

    async def remove(self, conversation: str, user: str, by: str | None = None) -> None:
        """Remove a member."""
        asks = None if by is None else self.accounts[by]
        await self.factory.remove(self.conversations[conversation], self.accounts[user], asks)

    async def end(self) -> None:
        """Do nothing: the driver cleans up at the end of the run, if it can."""


class CreatingProvisioner:
    """A provisioner that creates everything anew for each scenario."""

    lasting = False

    def __init__(self, factory: Factory, signing: Signing | None, nonce: str = "") -> None:
        self.nonce = nonce or new_nonce()
        self._factory = factory
        self._signing = signing
        self._counter = itertools.count(1)

    @property
    def acts_as_users(self) -> bool:
        """Whether any user can ask for a change of a role."""
        return self._factory.acts_as_users

    async def lease(self, wanted: Wanted) -> Lease:
        """Create the accounts, then the conversations."""
        names = {user: self.name(user) for user in wanted.users}
        made = await asyncio.gather(*map(self._factory.account, names.values()))
        _distinct("accounts", [account.id for account in made])
        lease = CreatedLease(self._factory, self._signing, dict(zip(names, made, strict=True)))
        for name, room in wanted.rooms.items():
            members = [(lease.accounts[user], role) for user, role in room.members.items()]
            by = members[0][0] if room.closed else None
            made_id = await self._factory.conversation(self.name(name), room.visibility, members, by)
            lease.conversations[name] = made_id
        _distinct("conversations", list(lease.conversations.values()))
        return lease

    def name(self, name: str) -> str:
        """Give a name that is unique on this target."""
        return f"parity-{self.nonce}-{next(self._counter)}-{name}"

    def notes(self) -> Sequence[str]:
        """Give the notes of the factory."""
        return self._factory.notes()


def _distinct(what: str, ids: Sequence[str]) -> None:
    """Raise ProvisioningFailed if an id is empty or names two things: scenarios would blame the server for it."""
    if "" in ids:
        raise ProvisioningFailed(f"the id of one of the new {what} is empty")
    twice = [one for one, other in itertools.pairwise(sorted(ids)) if one == other]
    if twice:
        raise ProvisioningFailed(f"two new {what} have the same id, {twice[0]!r:.60}; is the right field captured?")


def new_nonce() -> str:
    """Give the text that marks everything that this run creates."""
    return secrets.token_hex(3)
