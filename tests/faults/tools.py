"""What several faults need."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from reference_server import events
from reference_server.connection import Connection
from reference_server.context import Instance
from reference_server.handlers import history
from reference_server.models import MEMBERSHIPS
from reference_server.permissions import Role
from tests.faults.registry import Patch

LATE = 0.1
"""Seconds. A busy machine sends the next request before this time has passed."""


def change_frames(patch: Patch, kind: type, change: Callable[[dict[str, Any]], object]) -> None:
    """Change every frame of a type on its way out."""

    @patch.around(events, "encode")
    def encode(original, outgoing):
        if not isinstance(outgoing, kind):
            return original(outgoing)
        frame = json.loads(original(outgoing))
        change(frame)
        return json.dumps(frame)


def show_messages(patch: Patch, view: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Show each message of a view of the history handler (`_history`, `_search`, `_sync`) with some fields changed."""

    @patch.around(history, view)
    def read(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=[one | change(one) for one in answer.messages])


class Crossing:
    """Where one lets the next one pass: of two who come at about the same time, the later one goes first."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, asyncio.Event] = {}

    async def wait(self, way: Hashable, seconds: float = 0.1) -> None:
        """Go at once if somebody waits on this way, who goes a little later; else wait, not for ever, for another."""
        passed = self._waiting.pop(way, None)
        if passed is not None:
            asyncio.get_running_loop().call_later(0.01, passed.set)
            return
        mine = self._waiting[way] = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(mine.wait(), seconds)
        if self._waiting.get(way) is mine:
            del self._waiting[way]


def devices(instance: Instance, user_id: UUID) -> list[Connection]:
    """Give a user's connections to an instance."""
    listener = instance.hub._users.get(user_id)
    return list(listener.connections) if listener else []


def everybody(instance: Instance) -> list[Connection]:
    """Give all connections to an instance."""
    return [connection for listener in instance.hub._users.values() for connection in listener.connections]


async def members(instance: Instance, conversation_id: UUID, role: Role | None = None) -> set[UUID]:
    """Give the users who have this role in a conversation, or any."""
    query = select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.conversation_id == conversation_id)
    if role is not None:
        query = query.where(MEMBERSHIPS.c.role == role)
    return set(await instance.services.database.read(lambda connection: connection.scalars(query).all()))
