"""The driver of accounts and conversations that exist already: it lends them to one scenario at a time.

A scenario gets everything that it needs at once, or waits: it never keeps one thing while it waits for another. With a
conversation it also gets all the other members of that conversation, so no other scenario sees its events.

The traces of one scenario must not fail a later one, so:

- A scenario that reads the history of a conversation needs one that is declared `empty`, and nothing else uses that
  conversation again. `engine/scenario_run/empty_check.py` checks first that it is empty: the file may be out of date.
- A scenario in which an outsider meets a public conversation may make the outsider a member. No other scenario gets
  that conversation again.
- A scenario about rate limits gets accounts that have rested for the longest rate window. They rest again after it.
- Roles are fixed: a scenario that needs another role, or changes one, is UNTESTABLE.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, ProvisioningFailed
from conformance.target.accounts import Account, ExpectedId
from conformance.target.tokens import make_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from conformance.files.documents import Document
    from conformance.target.accounts import Lease, Provisioner, Room, Wanted
    from conformance.target.auth import Auth
    from conformance.target.model import Target
    from conformance.target.secrets import Secrets
    from conformance.target.tokens import Signing

REST = 1.05
"""The factor by which a rest is longer than a rate window: the server's window may begin later than ours."""
_ACCOUNTS, _PLACES = ("provision", "accounts"), ("provision", "conversations")
MOST = 20_000
"""The most combinations of conversations that are tried before a scenario counts as impossible to provide for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation that exists; `members` maps each account of the file that belongs to it to its role."""

    name: str
    value: str | int
    visibility: str
    members: Mapping[str, str]
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Static:
    """The accounts and conversations of the target file."""

    accounts: Mapping[str, Account]
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give no address: this driver asks nobody."""
        return ()

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """Give every id of the file."""
        accounts = [ExpectedId((*_ACCOUNTS, name, "id"), "user", one.value) for name, one in self.accounts.items()]
        return [
            *accounts,
            *(ExpectedId((*_PLACES, name, "id"), "conversation", str(one.value)) for name, one in self.places.items()),
        ]

    @classmethod
    def read(cls, document: Document, auth: Auth, secrets: Secrets) -> Static:
        """Read the section `provision`; raises BadFile or UsageError."""
        section = document.value["provision"]
        accounts = {}
        for name, one in section["accounts"].items():
            variable = one.get("token_env")
            if variable is None and auth.signing is None:
                wrong = f"`token_env` is missing: there is no `auth: {{jwt: …}}` to make a token for {name}"
                raise BadFile(document.mistake(wrong, ("provision", "accounts", name)))
            token = None if variable is None else secrets.read(variable, document.file, f"the token of {name}")
            accounts[name] = Account(name, one["id"], token)
        places = {}
        for name, one in section.get("conversations", {}).items():
            for member in one["members"]:
                if member not in accounts:
                    wrong = f"there is no account {member!r} here; there are {', '.join(accounts)}"
                    where = ("provision", "conversations", name, "members", member)
                    raise BadFile(document.mistake(wrong, where))
            places[name] = Place(
                name, one["id"], one.get("visibility", "private"), one["members"], one.get("empty", False)
            )
        return cls(accounts, places)

    @asynccontextmanager
    async def open(self, target: Target, default_role: str) -> AsyncIterator[Provisioner]:
        """Open the driver; there is nothing to close."""
        windows = [float(value) for name, value in target.profile["timers"].items() if name.endswith("window")]
        yield Lender(self, target.auth.signing, max(windows, default=0.0) * REST)


@dataclass
class StaticLease:
    """What one scenario has borrowed."""

    lender: Lender
    signing: Signing | None
    accounts: Mapping[str, Account]
    places: Mapping[str, Place]
    taken: frozenset[str]
    wanted: Wanted
    lasting: bool = True

    @property
    def claimed_empty(self) -> Mapping[str, str]:
        """Give the places that are declared empty, if the scenario reads what is in them."""
        if not self.wanted.empty:
            return {}
        return {name: next(iter(room.members), "") for name, room in self.wanted.rooms.items() if room.members}

    async def ready(self) -> None:
        """Wait until no earlier request of these accounts counts against their rate limits."""
        await self.lender.let_rest(self)

    @property
    def conversations(self) -> Mapping[str, str]:
        """Map each conversation to its id."""
        return {name: str(place.value) for name, place in self.places.items()}

    def token(self, user: str, changes: Mapping[str, Any] | None = None) -> str | None:
        """Give the account's token, or make one."""
        return make_token(self.signing, self.accounts[user], changes)

    async def give_role(self, conversation: str, user: str, role: str, by: str | None = None) -> None:
        """Raise ProvisioningFailed: this driver changes nothing."""
        raise ProvisioningFailed("it needs a change of a role, and the target's driver `static` changes nothing")

    async def remove(self, conversation: str, user: str, by: str | None = None) -> None:
        """Raise ProvisioningFailed: this driver changes nothing."""
        raise ProvisioningFailed("it needs somebody removed, and the target's driver `static` changes nothing")

    async def end(self) -> None:
        """Return everything to the lender."""
        await self.lender.take_back(self)


class Lender:
    """Keeps track of what is lent, and of how it was used."""

    lasting = True
    acts_as_users = False

    def __init__(self, settings: Static, signing: Signing | None, rest: float) -> None:
        self._accounts = settings.accounts
        self._places = dict(settings.places)
        self._signing = signing
        self._rest = rest
        self._taken: set[str] = set()
        self._used: dict[str, float] = {}
        self._tired: dict[str, float] = {}
        self._changed = asyncio.Condition()

    async def lease(self, wanted: Wanted) -> Lease:
        """Lend everything that is wanted, or wait for it; raises ProvisioningFailed if waiting cannot help."""
        async with self._changed:
            while True:
                lease = self._find(wanted, self._taken)
                if lease is None:
                    if self._find(wanted, set()) is None:
                        raise ProvisioningFailed(self._reason(wanted))
                    await self._changed.wait()
                    continue
                self._taken |= lease.taken
                self._use_up(lease)
                return lease

    async def take_back(self, lease: StaticLease) -> None:
        """Take a lease back, so that others can have it."""
        now = time.monotonic()
        for account in lease.accounts.values():
            self._used[account.name] = now
            if lease.wanted.alone:
                self._tired[account.name] = now
        async with self._changed:
            self._taken -= lease.taken
            self._changed.notify_all()

    def notes(self) -> Sequence[str]:
        """Give no notes: this driver creates nothing."""
        return ()

    def _find(self, wanted: Wanted, taken: set[str]) -> StaticLease | None:
        """Find free places and accounts for all users."""
        for chosen in itertools.islice(self._choices(wanted), MOST):
            needed = {member for place in chosen.values() for member in place.members}
            free = [name for name in self._accounts if name not in taken]
            if needed & taken:
                continue
            people: dict[str, Account] = {}
            for user in wanted.users:
                roles = [room.members.get(user) for room in wanted.rooms.values()]
                fitting = (
                    name
                    for name in free
                    if name not in {account.name for account in people.values()}
                    and [place.members.get(name) for place in chosen.values()] == roles
                )
                found = next(fitting, None)
                if found is None:
                    break
                people[user] = self._accounts[found]
            else:
                everybody = frozenset(needed | {account.name for account in people.values()})
                return StaticLease(self, self._signing, people, chosen, everybody, wanted)
        return None

    def _choices(self, wanted: Wanted) -> Iterator[dict[str, Place]]:
        """Give the ways to choose a place for each room; used places come first."""
        fitting = [
            [
                place
                for place in sorted(self._places.values(), key=lambda one: one.empty)
                if place.visibility == room.visibility
                and (place.empty or not wanted.empty)
                and not _missing(room.members.values(), place.members.values())
            ]
            for room in wanted.rooms.values()
        ]
        for places in itertools.product(*fitting):
            if len({place.name for place in places}) == len(places):
                yield dict(zip(wanted.rooms, places, strict=True))

    def _use_up(self, lease: StaticLease) -> None:
        """Record which uses of these places are no longer possible."""
        for name, place in lease.places.items():
            outsiders = set(lease.accounts) - set(lease.wanted.rooms[name].members)
            if place.visibility != "private" and outsiders:
                del self._places[place.name]
            else:
                self._places[place.name] = replace(place, empty=False)

    async def let_rest(self, lease: StaticLease) -> None:
        """Wait until the accounts of a scenario have rested as long as it needs.

        This is a sleep and not an event: only the clock tells when the server's rate window has passed.
        """
        since = self._used if lease.wanted.alone else self._tired
        last = max((since.get(account.name, 0.0) for account in lease.accounts.values()), default=0.0)
        if lease.wanted.alone and lease.claimed_empty:
            last = time.monotonic()  # The check that the conversation is empty was itself a request.
        if last:
            await asyncio.sleep(last + self._rest - time.monotonic())

    def _reason(self, wanted: Wanted) -> str:
        """Say what the target file lacks for this scenario."""
        if len(wanted.users) > len(self._accounts):
            return f"it needs {len(wanted.users)} accounts, and the target file has {len(self._accounts)}"
        if wanted.empty and self._find(replace(wanted, empty=False), set()) is not None:
            return "it looks at a history from its beginning, and no conversation that fits is empty and unused"
        rooms = " and ".join(
            f"a {room.visibility} one of {_people(room.members.values())}{_others(wanted, room)}"
            for room in wanted.rooms.values()
        )
        return f"no accounts and conversations of the target file fit: it needs {rooms}"


def _missing(needed: Any, there: Any) -> bool:
    left = list(there)
    for role in needed:
        if role not in left:
            return True
        left.remove(role)
    return False


def _others(wanted: Wanted, room: Room) -> str:
    count = len(set(wanted.users) - set(room.members))
    return f" ({count} not in it)" if count else ""


def _people(roles: Any) -> str:
    counted = {role: list(roles).count(role) for role in roles}
    return ", ".join(f"{count} {role}{'s' if count > 1 else ''}" for role, count in counted.items()) or "nobody"
