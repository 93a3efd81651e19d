"""The driver of the reference server's provisioning API."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from conformance.target.access import overlay
from conformance.target.accounts import Account
from conformance.target.dialect import form_of
from conformance.target.provision.api_client import Unreadable, open_client
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.tokens import make_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.dialect import Dialect
    from conformance.target.model import Target
    from conformance.target.provision.api_client import Answer, ApiClient
    from conformance.target.provision.created import Member


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
        users = form_of(target.dialect, "user")
        admin = Account("admin", users.to_wire(users.invented()))
        # The gateway in front of the instances is in front of their API as well.
        headers = overlay(target.access.plain_headers, {}) if self.api is None else {}

        def authorize(account: Account | None) -> dict[str, str]:
            return {"Authorization": f"Bearer {make_token(target.auth.signing, account or admin)}"}

        async with open_client(target, self.api or beside(target.instances[0]), headers) as client:
            yield CreatingProvisioner(AdminAccount(client, authorize, target.dialect), target.auth.signing)


class AdminAccount:
    """Creates conversations as a user of its own, which owns them and never connects, or as their first member.

    `authorize` gives the headers of a request by an account, None is the admin itself: each request has a new token,
    because a run may last longer than a token.
    """

    acts_as_users = True

    def __init__(
        self,
        client: ApiClient,
        authorize: Callable[[Account | None], Mapping[str, str]],
        dialect: Dialect | None = None,
    ) -> None:
        self._client = client
        self._authorize = authorize
        self._users = form_of(dialect, "user")
        self._ids = str if dialect is None else (str, int)
        self._made = 0

    async def account(self, name: str) -> Account:
        """Name a user: it exists as soon as a token names it."""
        return Account(name, self._users.to_wire(self._users.invented()))

    async def conversation(
        self, name: str, visibility: str, members: Sequence[Member], by: Account | None = None
    ) -> str:
        """Create a conversation."""
        listed = [{"user_id": account.value, "role": role} for account, role in members]
        what, body = "POST /conversations", {"name": name, "visibility": visibility, "members": listed}
        answer = await self._ask(what, body, by)
        try:
            made = answer.json()
        except Unreadable:
            raise self._client.failure(what, f"was answered with {answer.status} and no JSON: ", answer.text) from None
        found = made.get("conversation_id") if isinstance(made, dict) else None
        if not isinstance(found, self._ids):
            raise self._client.failure(what, "made a conversation without a conversation_id: ", answer.text)
        self._made += 1
        return str(found)

    async def give_role(self, conversation: str, account: Account, role: str, by: Account | None = None) -> None:
        """Give a role."""
        await self._ask(f"PUT {_membership(conversation, account)}", {"role": role}, by)

    async def remove(self, conversation: str, account: Account, by: Account | None = None) -> None:
        """Remove a member."""
        await self._ask(f"DELETE {_membership(conversation, account)}", by=by)

    def notes(self) -> Sequence[str]:
        """Say what is left: the API removes no conversation."""
        return (f"left on the target: {self._made} conversations; its API removes none",) if self._made else ()

    async def _ask(self, what: str, body: Any = None, by: Account | None = None) -> Answer:
        method, _, path = what.partition(" ")
        answer = await self._client.ask(what, method, path, headers=self._authorize(by), json=body)
        if not answer.ok:
            raise self._client.refusal(what, answer)
        return answer


def _membership(conversation: str, account: Account) -> str:
    """Give the path of a membership; an id is any text that a server gave."""
    return f"/conversations/{_quoted(conversation)}/members/{_quoted(account.id)}"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def beside(instance: str) -> str:
    """Give the URL of the API that belongs to a WebSocket URL."""
    parts = urlsplit(instance)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}/api/v1"
