"""What provisioning is, for every driver: a play says what it wants, and leases it for as long as it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.files.documents import Steps


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation that is wanted: its visibility, and the role of each of its members, by the scenario's names."""

    visibility: str
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that one play needs, by the scenario's names.

    `empty`: it looks at the history of its rooms, so nobody may have written there before. `alone`: it is about the
    rate limit of an account, so nobody may have used up some of it before, or need it soon after.
    """

    users: tuple[str, ...]
    rooms: Mapping[str, Room] = field(default_factory=dict)
    empty: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the target. `value` is the id as the server writes it, a text or an integer; `id` is always a text.

    Where the server's ids are integers, what a scenario sees of them, and how they look at the wire, is the affair of
    the target's dialect. `token` is None where tokens are made with the signing secret.
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
    """What the target file alone says of the ids that a driver gives: where it says so, whose ids, and one of them.

    It is given as a lease gives it. `made`: it is an example of those that the driver makes up.
    """

    place: Steps
    kind: str
    value: str | int
    made: bool = False


class Lease(Protocol):
    """What a play has until `end`, by the scenario's names.

    The methods raise ProvisioningFailed, with a reason, for what the driver cannot do.
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
        """Whether the accounts come back in other plays."""
        ...

    @property
    def claimed_empty(self) -> Mapping[str, str]:
        """Conversations that are only said to be empty, and a user of each who may look."""
        ...

    async def ready(self) -> None:
        """Wait until the accounts have rested, where the play is about their rate limits."""
        ...

    def token(self, user: str, changes: Mapping[str, Any] | None = None) -> str | None:
        """Give a token for a user; `changes` are those of the scenario language. None: send no token at all."""
        ...

    async def give_role(self, conversation: str, user: str, role: str) -> None:
        """Make a user a member with this role, or change its role."""
        ...

    async def remove(self, conversation: str, user: str) -> None:
        """Make a user no member."""
        ...

    async def end(self) -> None:
        """Give everything back; nothing is raised."""
        ...


class Provisioner(Protocol):
    """An open driver; `lasting` says whether its accounts come back in other plays."""

    @property
    def lasting(self) -> bool:
        """Whether accounts are leased and not made."""
        ...

    async def lease(self, wanted: Wanted) -> Lease:
        """Bring about all that a play wants, or wait until it is free; raises ProvisioningFailed."""
        ...

    def notes(self) -> Sequence[str]:
        """Say what the run leaves on the target, and what was repeated; complete when the driver has been closed."""
        ...
