"""The driver of accounts and conversations that exist already: leased to one play at a time.

A play is given all that it wants at once, or waits: nobody holds one thing while waiting for another. With a
conversation it also gets hold of all its other members, so that nobody else's play hears of what goes on there.

What earlier plays have left must not fail later ones, so:

- A play that looks at the history of a conversation needs one that is declared `empty`, and has it for itself, once.
  Whether it is empty indeed is looked at before (`play/emptiness.py`): the file may be older than the last run.
- A play in which somebody who is no member meets a public conversation may make it a member: nobody gets that
  conversation again.
- A play about rate limits gets accounts that have rested for the longest rate window, and they rest again after it.
- Roles are what they are: a play that wants others, or a change of one, is UNTESTABLE.
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
"""How much longer than a rate window an account rests: the server's may have begun later than ours."""
_ACCOUNTS, _PLACES = ("provision", "accounts"), ("provision", "conversations")
MOST = 20_000
"""Ways to choose conversations that are tried before a play is told that there is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation that exists; `members` are those of its members that are accounts of the file: account → role."""

    name: str
    value: str | int
    visibility: str
    members: Mapping[str, str]
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Static:
    """What the target file says."""

    accounts: Mapping[str, Account]
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def addresses(self) -> tuple[str, ...]:
        """There is nobody to be asked."""
        return ()

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """Give all ids: they stand in the file."""
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
    """What a play has for a while."""

    lender: Lender
    signing: Signing | None
    accounts: Mapping[str, Account]
    places: Mapping[str, Place]
    held: frozenset[str]
    wanted: Wanted
    lasting: bool = True

    @property
    def claimed_empty(self) -> Mapping[str, str]:
        """Give the places that are declared empty, where the play looks at what is in them."""
        if not self.wanted.empty:
            return {}
        return {name: next(iter(room.members), "") for name, room in self.wanted.rooms.items() if room.members}

    async def ready(self) -> None:
        """Wait until nothing of what these accounts did counts against their rate limits any more."""
        await self.lender.let_rest(self)

    @property
    def conversations(self) -> Mapping[str, str]:
        """Conversation → its id."""
        return {name: str(place.value) for name, place in self.places.items()}

    def token(self, user: str, changes: Mapping[str, Any] | None = None) -> str | None:
        """Give the account's token, or make one."""
        return make_token(self.signing, self.accounts[user], changes)

    async def give_role(self, conversation: str, user: str, role: str) -> None:
        """Raise: what exists is not changed."""
        raise ProvisioningFailed("it needs a change of a role, and the target's driver `static` changes nothing")

    async def remove(self, conversation: str, user: str) -> None:
        """Raise: what exists is not changed."""
        raise ProvisioningFailed("it needs somebody removed, and the target's driver `static` changes nothing")

    async def end(self) -> None:
        """Give all back."""
        await self.lender.take_back(self)


class Lender:
    """Knows who has what, and what it has been used for."""

    lasting = True

    def __init__(self, settings: Static, signing: Signing | None, rest: float) -> None:
        self._accounts = settings.accounts
        self._places = dict(settings.places)
        self._signing = signing
        self._rest = rest
        self._held: set[str] = set()
        self._used: dict[str, float] = {}
        self._tired: dict[str, float] = {}
        self._changed = asyncio.Condition()

    async def lease(self, wanted: Wanted) -> Lease:
        """Give all that is wanted, or wait for it; raises ProvisioningFailed where waiting will not help."""
        async with self._changed:
            while True:
                lease = self._find(wanted, self._held)
                if lease is None:
                    if self._find(wanted, set()) is None:
                        raise ProvisioningFailed(self._reason(wanted))
                    await self._changed.wait()
                    continue
                self._held |= lease.held
                self._use_up(lease)
                return lease

    async def take_back(self, lease: StaticLease) -> None:
        """Let others have it."""
        now = time.monotonic()
        for account in lease.accounts.values():
            self._used[account.name] = now
            if lease.wanted.alone:
                self._tired[account.name] = now
        async with self._changed:
            self._held -= lease.held
            self._changed.notify_all()

    def notes(self) -> Sequence[str]:
        """Say nothing: nothing was made."""
        return ()

    def _find(self, wanted: Wanted, held: set[str]) -> StaticLease | None:
        """Find places and accounts for everybody, none of which somebody has."""
        for chosen in itertools.islice(self._choices(wanted), MOST):
            held_with = {member for place in chosen.values() for member in place.members}
            free = [name for name in self._accounts if name not in held]
            if held_with & held:
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
                everybody = frozenset(held_with | {account.name for account in people.values()})
                return StaticLease(self, self._signing, people, chosen, everybody, wanted)
        return None

    def _choices(self, wanted: Wanted) -> Iterator[dict[str, Place]]:
        """Give the ways to choose a place for each room, those that have been used already first."""
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
        """Remember what the places are no good for any more."""
        for name, place in lease.places.items():
            outsiders = set(lease.accounts) - set(lease.wanted.rooms[name].members)
            if place.visibility != "private" and outsiders:
                del self._places[place.name]
            else:
                self._places[place.name] = replace(place, empty=False)

    async def let_rest(self, lease: StaticLease) -> None:
        """Let the accounts of a play rest as it needs them to."""
        since = self._used if lease.wanted.alone else self._tired
        last = max((since.get(account.name, 0.0) for account in lease.accounts.values()), default=0.0)
        if lease.wanted.alone and lease.claimed_empty:
            last = time.monotonic()  # Who has just looked into the conversation has asked for something.
        if last:
            await asyncio.sleep(last + self._rest - time.monotonic())

    def _reason(self, wanted: Wanted) -> str:
        """Say what there is not."""
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
