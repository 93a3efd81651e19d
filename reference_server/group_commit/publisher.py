"""Publishes the notices of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.group_commit.unit import Unit
    from reference_server.pubsub import PubSub


class Publisher(Protocol):
    """Publishes the notices of the units of a batch."""

    #: Whether `record` has to be called.
    records: bool

    def record(self, connection: Connection, units: Sequence[Unit], positions: Mapping[UUID, int]) -> None:
        """Write the notices within the transaction; `positions` has the last position of each conversation."""

    async def publish(self, units: Sequence[Unit]) -> None:
        """Publish the notices in the order of the units, after the commit."""

    def doubt(self, units: Sequence[Unit]) -> None:
        """Handle a commit that was not answered: nobody knows whether it has happened."""


class Direct:
    """Publishes on a bus that loses nothing."""

    records = False

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    def record(self, connection: Connection, units: Sequence[Unit], positions: Mapping[UUID, int]) -> None:
        """Record nothing."""

    async def publish(self, units: Sequence[Unit]) -> None:
        """Publish the notices one after the other."""
        for unit in units:
            for notice in unit.told:
                await self._pubsub.publish(unit.channel, notice)

    def doubt(self, units: Sequence[Unit]) -> None:
        """Let the clients sync: the history may have what they have not been told."""
        for channel in {unit.channel for unit in units if unit.told}:
            self._pubsub.lose(channel)
