"""Creates accounts and conversations by the steps of a recipe, and removes them at the end of the run."""

from __future__ import annotations

import asyncio
import secrets as random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from conformance.errors import ProvisioningFailed
from conformance.target.accounts import Account
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.jwt import new_id
from conformance.target.tokens import make_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from conformance.target.model import Target
    from conformance.target.provision.created import Member
    from conformance.target.provision.recipe import Recipe, Step

Names = dict[str, Any]
CLEANERS = 4
"""Removals at a time."""
CLEANING_TIME = 30.0
"""Seconds that cleaning up may take; the notes list what is left after that."""


class Performer(Protocol):
    """Performs steps, by HTTP or SQL. It raises only ProvisioningFailed, without secrets."""

    async def perform(self, work: Sequence[tuple[Sequence[Step], Names]], captured: Names | None = None) -> Names:
        """Perform lists of steps, each with its names, in order; later steps see what earlier ones captured.

        What they captured is given, and stands in `captured` also when a later step fails and nothing is taken back.
        """
        ...

    def notes(self) -> Sequence[str]:
        """Say which steps were repeated."""
        ...


class Scripted:
    """A factory that performs a list of steps for each of its methods."""

    def __init__(self, recipe: Recipe, performer: Performer, target: Target) -> None:
        self._recipe = recipe
        self._performer = performer
        self._target = target
        self._always: Names = {}
        self._admin: Account | None = None
        self._rooms: dict[str, Names] = {}
        self._begun: list[tuple[Names, Names]] = []  # what each creation was told, and what its steps captured
        self._accounts: list[tuple[Names, Names]] = []
        self._notes: list[str] = []

    async def begin(self, provisioner: CreatingProvisioner) -> None:
        """Perform the section `begin`; create the admin if a step refers to it."""
        self._always = {"nonce": provisioner.nonce}
        self._always |= await self._performer.perform([(self._recipe.steps("begin") or (), self._always)])
        if self._recipe.admin:
            self._admin = await self.account(provisioner.name("admin"))

    async def account(self, name: str) -> Account:
        """Create an account; without steps for it, a user exists as soon as a token names it."""
        steps = self._recipe.steps("account") or ()
        password = random.token_urlsafe(18)
        names = {**self._always, "name": name, "password": password, "user_id": new_id(self._recipe.ids)}
        captured: Names = {}
        if steps:
            self._target.secrets.keep(password)
            self._accounts.append((names, captured))  # Recorded first: an interrupted creation leaves something, too.
        await self._performer.perform([(steps, names)], captured)
        made = names | captured
        user_id, token = made["user_id"], made.get("token")
        if isinstance(user_id, bool) or not isinstance(user_id, str | int):
            raise ProvisioningFailed(f"the id of a new account is {user_id!r:.60}: neither a text nor an integer")
        if token is not None and not isinstance(token, str):
            raise ProvisioningFailed("the token of a new account is no text")
        if token is not None:
            self._target.secrets.keep(token)
        return Account(name, user_id, token, made)

    async def conversation(
        self, name: str, visibility: str, members: Sequence[Member], by: Account | None = None
    ) -> str:
        """Create a conversation."""
        steps = self._steps("conversation", "make a conversation")
        each = self._recipe.steps("member")
        names: Names = {
            **self._common(),
            "name": name,
            "visibility": _word(self._recipe.visibilities, "visibility", visibility),
            "conversation_id": new_id(self._recipe.ids),
        }
        people = [
            self._person(account) | {"role": _word(self._recipe.roles, "role", role)} for account, role in members
        ]
        work: list[tuple[Sequence[Step], Names]] = [(steps, names | {"members": people})]
        work += [(each or (), names | person) for person in people]
        captured: Names = {}
        self._begun.append((names, captured))
        await self._performer.perform(work, captured)
        made = names | captured
        self._rooms[str(made["conversation_id"])] = made
        return str(made["conversation_id"])

    @property
    def acts_as_users(self) -> bool:
        """Whether the steps say who asks for a change."""
        return self._recipe.acts_as_users

    async def give_role(self, conversation: str, account: Account, role: str, by: Account | None = None) -> None:
        """Give a role."""
        steps = self._steps("role", "change a role")
        names = self._membership(conversation, account, by) | {"role": _word(self._recipe.roles, "role", role)}
        await self._performer.perform([(steps, names)])

    async def remove(self, conversation: str, account: Account, by: Account | None = None) -> None:
        """Remove a member."""
        steps = self._steps("remove", "remove a member")
        await self._performer.perform([(steps, self._membership(conversation, account, by))])

    async def clean_up(self) -> None:
        """Remove everything that was created, conversations first; the notes list what is left."""
        until = time.monotonic() + CLEANING_TIME
        for sort, made in (("conversation", self._begun), ("account", self._accounts)):
            steps = self._recipe.cleaning.get(sort)
            if steps is not None:
                needed = self._recipe.needed.get(sort, frozenset())
                known = [{**names, **found} for names, found in made if needed <= found.keys()]
                await self._clean(f"{len(known)} {sort}s", [(steps, self._common() | names) for names in known], until)
                if len(known) < len(made):
                    unknown = f"{len(made) - len(known)} of {len(made)} {sort}s"
                    self._notes.append(f"{unknown} gave no id, and are not removed")
            elif made and "run" not in self._recipe.cleaning:
                self._notes.append(f"left on the target: {len(made)} {sort}s; there is no `clean_up: {{{sort}: …}}`")
        if "run" in self._recipe.cleaning:
            await self._clean("the things of this run", [(self._recipe.cleaning["run"], self._common())], until)

    async def _clean(self, what: str, work: list[tuple[Sequence[Step], Names]], until: float) -> None:
        waiting = iter(reversed(work))
        left: list[str] = []

        async def cleaner() -> None:
            for one in waiting:
                try:
                    async with asyncio.timeout(until - time.monotonic()):
                        await self._performer.perform([one])
                except TimeoutError:
                    left.append(f"there was no more time ({CLEANING_TIME:g} s)")
                except ProvisioningFailed as error:
                    left.append(str(error))

        await asyncio.gather(*(cleaner() for _ in range(CLEANERS)))
        if left:
            count = f"{len(left)} of {what}" if len(work) > 1 else what
            self._notes.append(f"could not remove {count}: {left[0]}")

    def notes(self) -> Sequence[str]:
        """Say what is left, by which name it can be found, and which steps were repeated."""
        named = [f"what is left has names that begin with parity-{self._always['nonce']}"] if self._notes else []
        return (*self._performer.notes(), *self._notes, *named)

    def _steps(self, section: str, what: str) -> Sequence[Step]:
        steps = self._recipe.steps(section)
        if steps is None:
            raise ProvisioningFailed(f"the target file does not say how to {what} (`provision: {{{section}: …}}`)")
        return steps

    def _common(self) -> Names:
        if self._admin is None:
            return dict(self._always)
        token = make_token(self._target.auth.signing, self._admin)  # A signed token is new each time: it may expire.
        named = {"name": self._admin.name, "user_id": self._admin.value, "token": token}
        return self._always | {f"admin.{key}": value for key, value in named.items()}

    def _person(self, account: Account) -> Names:
        token = account.token
        if token is None and self._target.auth.signing is not None:
            token = make_token(self._target.auth.signing, account)
        return {**account.more, "name": account.name, "user_id": account.value, "token": token}

    def _membership(self, conversation: str, account: Account, by: Account | None) -> Names:
        asks = by or self._admin
        # The id is a text everywhere else; the server may need an integer.
        return {
            **self._common(),
            **self._person(account),
            **({} if asks is None else {f"by.{key}": self._person(asks)[key] for key in ("name", "user_id", "token")}),
            "conversation_id": self._rooms[conversation]["conversation_id"],
        }


@asynccontextmanager
async def scripted(recipe: Recipe, performer: Performer, target: Target) -> AsyncIterator[CreatingProvisioner]:
    """Give a provisioner that follows a recipe, and clean up at the end of the run, however it ends."""
    factory = Scripted(recipe, performer, target)
    provisioner = CreatingProvisioner(factory, target.auth.signing)
    try:
        await factory.begin(provisioner)
        yield provisioner
    finally:
        await factory.clean_up()


def _word(words: Mapping[str, Any] | None, sort: str, ours: str) -> Any:
    if words is None:
        return ours
    if ours not in words:
        raise ProvisioningFailed(f"the target has no {sort} {ours} (`provision` maps {', '.join(words)})")
    return words[ours]
