"""What becomes of the notices of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.group_commit.unit import Unit
    from reference_server.pubsub import PubSub


class Publisher(Protocol):
    """Publishes what the units of a batch tell."""

    #: Whether there is something to record.
    records: bool

    def record(self, connection: Connection, units: Sequence[Unit], positions: Mapping[UUID, int]) -> None:
        """Write what is told, within the transaction; `positions` says how far each conversation has come."""

    async def publish(self, units: Sequence[Unit]) -> None:
        """Publish what is told, in the order of the units; it is committed."""


class Direct:
    """Publishes on a bus that loses nothing."""

    records = False

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    def record(self, connection: Connection, units: Sequence[Unit], positions: Mapping[UUID, int]) -> None:
        """Record nothing."""

    async def publish(self, units: Sequence[Unit]) -> None:
        """Publish one notice after the other."""
        for unit in units:
            for notice in unit.told:
                await self._pubsub.publish(unit.channel, notice)
