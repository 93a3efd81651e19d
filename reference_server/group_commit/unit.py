"""A change of a conversation: its writes and its notices, committed together."""

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
    """The units of one transaction."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self._open = 0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def add(self, unit: Unit) -> None:
        """Add a unit that has written something; `ended` waits for it."""
        unit.is_open, unit.batch = True, self
        unit.committed = asyncio.get_running_loop().create_future()
        self.units.append(unit)
        self._open += 1

    def leave(self) -> None:
        """Count a unit whose context has ended."""
        self._open -= 1
        if self._open == 0:
            self._ended.set_result(None)

    async def ended(self) -> None:
        """Wait until the contexts of all units have ended."""
        if self._open:
            await self._ended

    def finish(self, error: BaseException | None = None) -> None:
        """Tell the units that they are committed, or the error why they are not."""
        for unit in self.units:
            if unit.committed is None or unit.committed.done():  # it was cancelled and does not wait
                continue
            if error is None:
                unit.committed.set_result(None)
            else:
                unit.committed.set_exception(error)
                unit.committed.exception()  # a unit that has failed does not wait


@dataclass(slots=True, eq=False)
class Unit(Change):
    """One change of a conversation by a user; as a context, it ends when the change is committed and published.

    A failure within the context does not undo earlier writes.
    """

    conversation_id: UUID = field(kw_only=True)
    user_id: UUID | None = field(kw_only=True)
    #: The journal's position of the first notice.
    position: int = 0
    #: It was cancelled after its change was made: it ends with its commit.
    is_cancelled: bool = False
    #: Its transaction; None: nothing is written.
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
    """The first write of a unit, in the queue of the writer."""

    unit: Unit
    call: Callable[[Connection], Any]
    outcome: asyncio.Future[Any]
    asked: float = field(default_factory=time.monotonic)
