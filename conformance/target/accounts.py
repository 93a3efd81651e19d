"""The interface of every provisioning driver: a scenario leases what it needs, and returns it at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.files.documents import Steps


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation that a scenario needs: its visibility, and each member's role, by the scenario's names.

    `closed`: it has no other members, not even the account that creates it.
    """

    visibility: str
    members: Mapping[str, str]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that one scenario needs, by the scenario's names.

    `empty`: it reads the history of its rooms, so nobody may have written there before. `alone`: it is about the rate
    limit of an account, so no other scenario may use that account shortly before or after.
    """

    users: tuple[str, ...]
    rooms: Mapping[str, Room] = field(default_factory=dict)
    empty: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the target. `value` is the id as the server writes it, a text or an integer; `id` is always a text.

    If the server's ids are integers, the target's dialect translates them for scenarios and for the wire. `token` is
    None if tokens are made with the signing secret.
    """

    name: str
    value: str | int
    token: str | None = field(default=None, repr=False)
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """The id as a text."""
        return str(self.value)


@dataclass(frozen=True, slots=True)
class ExpectedId:
    """An id that a driver will give, as far as the target file alone tells: its place in the file, its kind, its value.

    The value has the form that a lease gives. `made`: it is an example of the ids that the driver invents.
    """

    place: Steps
    kind: str
    value: str | int
    made: bool = False


class Lease(Protocol):
    """What a scenario has until `end`, by the scenario's names.

    A method raises ProvisioningFailed, with a reason, for what the driver cannot do.
    """

    @property
    def accounts(self) -> Mapping[str, Account]:
        """User → its account."""
        ...

    @property
    def conversations(self) -> Mapping[str, str]:
        """Conversation → its id, as a text."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether other scenarios use these accounts later."""
        ...

    @property
    def claimed_empty(self) -> Mapping[str, str]:
        """The conversations that the target file claims to be empty, and a member of each who can check."""
        ...

    async def ready(self) -> None:
        """Wait until the accounts have rested, if the scenario is about their rate limits."""
        ...

    def token(self, user: str, changes: Mapping[str, Any] | None = None) -> str | None:
        """Give a token for a user; `changes` are those of the scenario language. None: send no token."""
        ...

    async def give_role(self, conversation: str, user: str, role: str, by: str | None = None) -> None:
        """Make a user a member with this role, or change its role.

        `by` is the user who asks for it, None the admin account. Raises ChangeRefused if the target refuses it.
        """
        ...

    async def remove(self, conversation: str, user: str, by: str | None = None) -> None:
        """Remove a user from a conversation; likewise."""
        ...

    async def end(self) -> None:
        """Give everything back; raises nothing."""
        ...


class Provisioner(Protocol):
    """An open driver; `lasting` says whether later scenarios get the same accounts."""

    @property
    def lasting(self) -> bool:
        """Whether the driver lends accounts instead of creating them."""
        ...

    @property
    def acts_as_users(self) -> bool:
        """Whether any user can ask for a change of a role, or only the admin account."""
        ...

    async def lease(self, wanted: Wanted) -> Lease:
        """Create everything that a scenario needs, or wait until it is free; raises ProvisioningFailed."""
        ...

    def notes(self) -> Sequence[str]:
        """Say what the run leaves on the target, and which calls were repeated; complete once the driver is closed."""
        ...
