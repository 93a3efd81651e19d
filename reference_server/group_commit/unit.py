"""A change of a conversation: what is written and what is told of it, committed as one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reference_server.pubsub import Change, current_change

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from uuid import UUID

    from sqlalchemy import Connection


class Batch:
    """The units of one transaction that are not at their end yet."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self._open = 0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def add(self, unit: Unit) -> None:
        """Wait for one more unit, of which something is written."""
        unit.is_open, unit.batch = True, self
        unit.committed = asyncio.get_running_loop().create_future()
        self.units.append(unit)
        self._open += 1

    def leave(self) -> None:
        """Count a unit that is at its end."""
        self._open -= 1
        if self._open == 0:
            self._ended.set_result(None)

    async def ended(self) -> None:
        """Wait until every unit is at its end."""
        if self._open:
            await self._ended

    def finish(self, error: BaseException | None = None) -> None:
        """Let the units end: they are committed, or there is a reason why they are not."""
        for unit in self.units:
            if unit.committed is None or unit.committed.done():  # it was cancelled, and does not ask
                continue
            if error is None:
                unit.committed.set_result(None)
            else:
                unit.committed.set_exception(error)
                unit.committed.exception()  # a unit that has failed does not ask


@dataclass(slots=True, eq=False)
class Unit(Change):
    """One change of a conversation by a user; as a context, it ends when it is committed and published.

    A failure within the context undoes nothing that was written before.
    """

    conversation_id: UUID = field(kw_only=True)
    user_id: UUID | None = field(kw_only=True)
    #: The journal's position of the first notice.
    position: int = 0
    #: It was cancelled when its change was made already: it ends with its commit.
    is_cancelled: bool = False
    #: The transaction that it is part of; None: nothing is written.
    batch: Batch | None = None
    committed: asyncio.Future[None] | None = None
    _token: Token[Change | None] | None = None

    async def __aenter__(self) -> None:
        self._token = current_change.set(self)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._token is not None:
            current_change.reset(self._token)
        if self.is_open and self.batch is not None:
            self.is_open = False
            self.batch.leave()
        if kind is not None or self.committed is None:
            return
        if self.is_cancelled:
            raise asyncio.CancelledError
        await self.committed


@dataclass(slots=True, eq=False)
class Job:
    """The first write of a unit, which waits for the writer."""

    unit: Unit
    call: Callable[[Connection], Any]
    outcome: asyncio.Future[Any]
    asked: float = field(default_factory=time.monotonic)
