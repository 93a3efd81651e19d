"""Something to talk to at once: a page, three users, two conversations, and lines to paste."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from reference_server.auth import issue
from reference_server.config import DEMO_SECRET
from reference_server.dialect.frames import Translator
from reference_server.permissions import Role, Visibility
from reference_server.playground.routes import Playground
from reference_server.seed.model import user_id
from reference_server.store import conversations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.config import Settings
    from reference_server.dialect.choice import Dialect
    from reference_server.misbehaviour.switches import Switchboard
    from reference_server.serving import Deployment

LIFETIME = timedelta(days=30)

USERS = {name: user_id(name) for name in ("alice", "bob", "carol")}


def playground_of(
    settings: Settings,
    switchboard: Switchboard,
    more: Mapping[str, UUID] | None = None,
    dialect: Dialect | None = None,
) -> Playground:
    """Give the page of the demonstration, with more users if there are any.

    Its address has a key, unless everybody knows the secret of the tokens.
    """
    key = None if settings.jwt_secret == DEMO_SECRET else secrets.token_urlsafe(24)
    return Playground(
        USERS | dict(more or {}),
        settings.jwt_secret,
        LIFETIME,
        switchboard,
        key,
        dialect.tables.source if dialect else None,
    )


async def prepare(deployment: Deployment, playground: Playground, dialect: Dialect | None = None) -> list[str]:
    """Create the demonstration's conversations, unless they exist, and say how to use them."""
    private, public = await deployment.services.database.write(_create)
    secret = deployment.settings.jwt_secret
    url = deployment.websocket_urls[0]
    lines = ["", "Open this page to chat as all of them:", f"  {playground.address(deployment.addresses[0])}"]
    lines += ["", "Or connect as one of them:", *_connecting(url, secret, dialect)]
    lines += [
        "",
        f"Private conversation of alice and bob:  {_id('conversation', private, dialect)}",
        f"Public conversation, carol may join it: {_id('conversation', public, dialect)}",
        "",
        "Then paste a line:",
    ]
    requests: list[dict[str, object]] = [
        {"type": "JoinConversation", "conversation_id": str(private)},
        {"type": "SendMessage", "conversation_id": str(private), "content": "Hello, Bob!"},
        {"type": "FetchHistory", "conversation_id": str(private), "limit": 10},
        {"type": "JoinConversation", "conversation_id": str(public)},
        {"type": "Ping"},
    ]
    translator = Translator(dialect.tables, dialect.numbers) if dialect else None
    return lines + [f"  {translator.asked(request) if translator else json.dumps(request)}" for request in requests]


def ways_in(url: str, secret: str | None) -> list[str]:
    """Say how to connect to an earlier server; without a secret, it needs no token."""
    if secret is None:
        return ["", "Connect, as often as you like:", f"  python -m websockets '{url}'"]
    return ["", "Connect as one of them:", *_connecting(url, secret)]


def _connecting(url: str, secret: str, dialect: Dialect | None = None) -> list[str]:
    """Give a command for each user of the demonstration."""
    tokens = [issue(_id("user", user, dialect), name, secret, LIFETIME) for name, user in USERS.items()]
    return [f"  python -m websockets '{url}?token={token}'" for token in tokens]


def _id(kind: str, given: UUID, dialect: Dialect | None) -> str | int:
    """Give an id as clients write it."""
    if dialect is None or kind not in dialect.numbers.kinds:
        return str(given)
    number: int = dialect.numbers.to_number(kind, str(given))
    return number


def _create(connection: Connection) -> tuple[UUID, UUID]:
    alice, bob, _ = USERS.values()
    mine = {each.name: each.conversation_id for each in conversations.conversations_of(connection, alice)}
    private = mine.get("demo-private") or conversations.create(
        connection, "demo-private", Visibility.PRIVATE, {alice: Role.OWNER, bob: Role.MEMBER}
    )
    public = mine.get("demo-public") or conversations.create(
        connection, "demo-public", Visibility.PUBLIC, {alice: Role.OWNER, bob: Role.MEMBER}
    )
    return private, public
