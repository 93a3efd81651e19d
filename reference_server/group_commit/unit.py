"""A change of a conversation: what is written and what is told of it, committed as one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reference_server.pubsub import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy import Connection


@dataclass(slots=True, eq=False)
class Unit(Change):
    """One change of a conversation by a user; its transaction begins with the first write."""

    conversation_id: UUID = field(kw_only=True)
    user_id: UUID | None = field(kw_only=True)
    #: The journal's position of the first notice.
    position: int = 0
    #: It was cancelled when its change was made already: it ends with its commit.
    is_cancelled: bool = False
    #: Set when nothing more is written or told; None: nothing is written.
    ended: asyncio.Future[None] | None = None
    #: Set when the change is committed and published, or with the reason why it is not.
    committed: asyncio.Future[None] | None = None

    def open(self) -> None:
        """Begin: something is written."""
        loop = asyncio.get_running_loop()
        self.is_open = True
        self.ended, self.committed = loop.create_future(), loop.create_future()

    def end(self) -> None:
        """Write and tell no more."""
        self.is_open = False
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Say why the change is not committed."""
        if self.committed is not None and not self.committed.done():
            self.committed.set_exception(error)
            self.committed.exception()  # a unit that was cancelled does not ask


@dataclass(slots=True, eq=False)
class Job:
    """The first write of a unit, which waits for the writer."""

    unit: Unit
    call: Callable[[Connection], Any]
    outcome: asyncio.Future[Any]
    asked: float = field(default_factory=time.monotonic)
