"""What the instances of one deployment share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

from reference_server.group_commit.publisher import Direct
from reference_server.group_commit.writer import GroupCommit
from reference_server.locks import KeyedLocks
from reference_server.metrics import Metrics
from reference_server.outages import Outages
from reference_server.presence import InMemoryPresence, Presence
from reference_server.pubsub import InMemoryPubSub, PubSub
from reference_server.rate_limiter import InMemoryRateLimiter, RateLimiter
from reference_server.store import health

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.database import Database
    from reference_server.typing_indicator import Typists


@dataclass(frozen=True, slots=True)
class Services:
    """A database and a bus, with in-memory parts for instances that share a process."""

    database: Database
    pubsub: PubSub = field(default_factory=InMemoryPubSub)
    rate_limiter: RateLimiter = field(default_factory=InMemoryRateLimiter)
    presence: Presence = field(default_factory=InMemoryPresence)
    typists: Typists = field(default_factory=dict)
    outages: Outages = field(default_factory=Outages)
    metrics: Metrics = field(default_factory=Metrics)
    #: A user's arrivals and departures, one after the other.
    arrivals: KeyedLocks[UUID] = field(default_factory=KeyedLocks)
    #: The changes of conversations: their events are published in the order of their stamps.
    changes: GroupCommit = field(default=cast("GroupCommit", None))

    def __post_init__(self) -> None:
        if cast("GroupCommit | None", self.changes) is None:
            changes = GroupCommit(self.database, Direct(self.pubsub), self.metrics)
            object.__setattr__(self, "changes", changes)

    async def probe(self) -> None:
        """Write to the database, and remove what was written in a transaction of its own."""
        probe = uuid4()
        await self.database.write(health.add, probe)
        await self.database.write(health.remove, probe)
